//! What a tool asked the API server.

/// One request, as the proxy saw it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    /// GET, POST, PUT and the like.
    pub method: String,
    /// The path without its query.
    pub path: String,
}

impl Asked {
    /// Is it a request that changes something?
    pub fn is_write(&self) -> bool {
        self.method != "GET"
    }

    /// Could it change or remove a Secret that exists? A POST cannot.
    pub fn touches_existing_secret(&self) -> bool {
        self.is_write() && self.method != "POST" && self.path.contains("/secrets")
    }
}
