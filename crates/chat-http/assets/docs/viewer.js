// Shows the OpenAPI document that this server serves; nothing is asked of any other.

const viewer = document.getElementById("viewer");

SwaggerUIBundle({
  url: viewer.dataset.openapi,
  domNode: viewer,
  deepLinking: true,
  docExpansion: "list",
  defaultModelsExpandDepth: 0,
  displayRequestDuration: true,
  filter: true,
  // The badge of a validator somewhere else.
  validatorUrl: null,
});
