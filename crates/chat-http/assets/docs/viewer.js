// Shows the OpenAPI document that this server serves; nothing is asked of any other.

const viewer = document.getElementById("viewer");
const address = new URL(viewer.dataset.openapi, document.baseURI);

show().catch((error) => {
  viewer.textContent = `The document at ${address} cannot be shown: ${error.message}`;
});

async function show() {
  const response = await fetch(address);
  if (!response.ok) throw new Error(`HTTP ${response.status}`);
  const spec = await response.json();
  // Behind a proxy the server may be below a path, which the document does not know.
  spec.servers = [{ url: new URL("..", address).href.replace(/\/$/, "") }];
  bundle(spec);
}

function bundle(spec) {
  SwaggerUIBundle({ spec, ...OPTIONS });
}

const OPTIONS = {
  domNode: viewer,
  deepLinking: true,
  docExpansion: "list",
  defaultModelsExpandDepth: 0,
  displayRequestDuration: true,
  filter: true,
  // The badge of a validator somewhere else.
  validatorUrl: null,
};
