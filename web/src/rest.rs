//! The rest of the program. `cargo xtask page` divides the module of a first visit: what such a visit does not run is in a file
//! of its own, which arrives later. A call of it waits until it is there.

use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;

#[wasm_bindgen]
extern "C" {
    /// Loads and starts the rest: see `www/js/rest.js`.
    #[wasm_bindgen(js_name = retrylabRest)]
    fn start(exports: JsValue);
}

/// Starts the rest. The divided module calls it by itself when it needs the rest.
#[wasm_bindgen(js_name = startRest)]
pub fn start_rest() {
    start(wasm_bindgen::exports());
}

/// A text that a first visit does not need: `cargo xtask page` moves it to the rest.
pub(crate) use retrylab_core::rest_text as text;

/// Returns a text with values in the places that `#` marks.
pub(crate) fn fill(text: &str, values: &[&str]) -> String {
    let mut parts = text.split('#');
    let mut out = parts.next().unwrap_or_default().to_string();
    for (value, part) in values.iter().zip(parts) {
        out = out + value + part;
    }
    out
}
