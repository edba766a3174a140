//! Files that tell about the interface: the page at `/docs`, what it is made of, and the documents
//! that it shows.
//!
//! The page and its parts are in the program. The documents are the host's to bring
//! ([`Documents`]), because they are made from this crate and cannot be inside it.

use crate::asset::{File, files};

/// The documents that `/docs` shows and serves, by their paths below it: `openapi.json`,
/// `asyncapi.json`, `schema/NAME.json` and `types.d.ts`.
#[derive(Debug, Clone, Default)]
pub struct Documents {
    files: Vec<(String, File)>,
}

impl Documents {
    /// None.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a document, which is JSON unless it is of types.
    #[must_use]
    pub fn with(mut self, path: impl Into<String>, text: &'static str) -> Self {
        let path = path.into();
        let is_of_types = path.ends_with(".d.ts");
        let form = if is_of_types { "text/plain; charset=utf-8" } else { "application/json" };
        self.files.push((path, File::plain(form, text.as_bytes())));
        self
    }

    /// The document at this path.
    pub(crate) fn find(&self, path: &str) -> Option<&File> {
        self.files.iter().find(|(known, _)| known == path).map(|(_, file)| file)
    }
}

/// The page, seen from where it was asked for: with a slash at the end of its address, what it links
/// to is beside it.
pub(crate) fn page(asked_with_slash: bool) -> File {
    const PAGE: &str = include_str!("../assets/docs/index.html");
    File::page(PAGE, if asked_with_slash { "" } else { "docs/" })
}

files! {
    asset in "docs";
    plain "text/javascript; charset=utf-8" "viewer.js" "viewer.js";
    plain "text/css; charset=utf-8" "viewer.css" "viewer.css";
    plain "image/svg+xml" "icon.svg" "icon.svg";
    compressed "text/javascript; charset=utf-8" "swagger-ui-bundle.js" "swagger-ui/swagger-ui-bundle.js.gz";
    compressed "text/css; charset=utf-8" "swagger-ui.css" "swagger-ui/swagger-ui.css.gz";
    // The licences go where the program goes.
    plain "text/plain; charset=utf-8" "swagger-ui-LICENSE" "swagger-ui/LICENSE";
    plain "text/plain; charset=utf-8" "swagger-ui-NOTICE" "swagger-ui/NOTICE";
    plain "text/plain; charset=utf-8" "swagger-ui-bundle.js.LICENSE.txt" "swagger-ui/swagger-ui-bundle.js.LICENSE.txt";
}
