//! A panic in wasm is a trap without a message. This module stores the message where the page finds it.

use wasm_bindgen::prelude::wasm_bindgen;

/// The property of the global object with the message of a panic.
const PLACE: &str = "retrylabPanic";

/// Runs when the module has been loaded.
#[wasm_bindgen(start)]
fn remember_panics() {
    std::panic::set_hook(Box::new(|info| {
        let words = info.to_string();
        // If even this fails, nothing can be done; the trap itself is still visible.
        let _ = js_sys::Reflect::set(&js_sys::global(), &PLACE.into(), &words.into());
    }));
}
