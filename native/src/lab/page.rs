//! The files of the page and the responses to requests for them.
//!
//! The program contains each file only compressed, in two forms, and sends the smaller one that the reader accepts. For a
//! reader that accepts neither, it decompresses the file.

use http_body_util::Full;
use hyper::body::Bytes;
use hyper::header::{self, HeaderMap, HeaderName, HeaderValue};
use hyper::{Method, Response, StatusCode, Uri};
use miniz_oxide::inflate::decompress_to_vec;
use rust_embed::{EmbeddedFile, RustEmbed};
use std::borrow::Cow;
use std::fmt::Write;

/// The body of a response.
pub(super) type Body = Full<Bytes>;

/// The output of `cargo xtask page`. Until that command has run, the folder has only a `.gitignore`.
#[derive(RustEmbed)]
#[folder = "../www/packed"]
struct Packed;

/// The forms of each file, the smallest first: content coding, and the ending of its name.
const FORMS: [(&str, &str); 2] = [("br", ".br"), GZIP];

const GZIP: (&str, &str) = ("gzip", ".gz");

/// Content security policy: nothing from other servers, and no scripts except the page's own and its WebAssembly.
macro_rules! policy {
    ($frames:literal) => {
        concat!(
            "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; ",
            "connect-src 'self'; img-src 'self' data:; base-uri 'none'",
            $frames
        )
    };
}

/// The policy of every response but one: no other page shows it in a frame.
const POLICY: &str = policy!("; frame-ancestors 'none'");

/// The policy of the page without its controls, which is made for frames. That is safe, because the page has no secret
/// and no power: it reads only its address and the choice of colours, and nothing on it acts on this machine.
const EMBED_POLICY: &str = policy!("");

/// In the query: the page is to show itself without its controls.
const EMBED: &str = "embed";

/// Returns whether the program contains the page.
pub(super) fn is_built() -> bool {
    Packed::get("index.html.gz").is_some()
}

/// Returns the response to a request.
pub(super) fn respond(method: &Method, uri: &Uri, headers: &HeaderMap) -> Response<Body> {
    respond_from(Packed::get, method, uri, headers)
}

fn respond_from(
    file: impl Fn(&str) -> Option<EmbeddedFile>,
    method: &Method,
    uri: &Uri,
    headers: &HeaderMap,
) -> Response<Body> {
    if !asks_this_machine(uri, headers) {
        // DNS rebinding: a foreign name that resolves to this machine must not read the page.
        let text = "this server answers only requests for 127.0.0.1, [::1] or localhost\n";
        return plain(StatusCode::FORBIDDEN, text.to_string());
    }
    if method != Method::GET && method != Method::HEAD {
        let mut response = plain(
            StatusCode::METHOD_NOT_ALLOWED,
            "this server answers only GET and HEAD\n".to_string(),
        );
        response.headers_mut().insert(header::ALLOW, HeaderValue::from_static("GET, HEAD"));
        return response;
    }
    let path = uri.path().trim_start_matches('/');
    let path = if path.is_empty() { "index.html" } else { path };
    let form = FORMS.into_iter().find(|(coding, _)| accepts(headers, coding));
    let (_, ending) = form.unwrap_or(GZIP);
    let Some(file) = file(&format!("{path}{ending}")) else {
        return plain(StatusCode::NOT_FOUND, "file not found\n".to_string());
    };
    let tag = tag(&file, form.is_none());
    let known = headers.get(header::IF_NONE_MATCH).and_then(|value| value.to_str().ok());
    let mut response = if known.is_some_and(|known| known.contains(&tag)) {
        let mut response = Response::new(Body::default());
        *response.status_mut() = StatusCode::NOT_MODIFIED;
        response
    } else {
        content(file.data, form)
    };
    set(&mut response, header::CONTENT_TYPE, content_type(path));
    set(&mut response, header::VARY, "accept-encoding");
    if let Ok(tag) = HeaderValue::from_str(&tag) {
        response.headers_mut().insert(header::ETAG, tag);
    }
    let mut response = secure(response);
    let mut query = uri.query().unwrap_or_default().split('&');
    if path == "index.html" && query.any(|part| part.split('=').next() == Some(EMBED)) {
        set(&mut response, header::CONTENT_SECURITY_POLICY, EMBED_POLICY);
    }
    response
}

/// A file of the page.
pub(super) struct File {
    pub(super) plain: Vec<u8>,
    /// The same in gzip.
    pub(super) packed: Vec<u8>,
}

/// Returns a file of the page, if the program contains the page.
pub(super) fn file(name: &str) -> Option<File> {
    let packed = Packed::get(&format!("{name}{}", GZIP.1))?.data.into_owned();
    Some(File { plain: gunzip(&packed), packed })
}

/// Returns whether a header of the request names this content coding, not with the weight 0.
fn accepts(headers: &HeaderMap, coding: &str) -> bool {
    let values =
        headers.get_all(header::ACCEPT_ENCODING).iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).any(|item| {
        let (name, weight) = item.split_once(';').unwrap_or((item, "q=1"));
        let weight = weight.trim().strip_prefix("q=").and_then(|weight| weight.parse::<f32>().ok());
        name.trim().eq_ignore_ascii_case(coding) && weight.is_some_and(|weight| weight > 0.0)
    })
}

/// Returns a response with a file in the form in which it is, or decompressed.
fn content(data: Cow<'static, [u8]>, form: Option<(&'static str, &str)>) -> Response<Body> {
    let Some((coding, _)) = form else {
        return Response::new(Body::from(gunzip(&data)));
    };
    let mut response = Response::new(Body::new(match data {
        Cow::Borrowed(data) => Bytes::from_static(data),
        Cow::Owned(data) => Bytes::from(data),
    }));
    set(&mut response, header::CONTENT_ENCODING, coding);
    response
}

/// Decompresses a file that `cargo xtask page` has compressed: it has a header of 10 bytes (RFC 1952, section 2.3) and ends
/// with 8 bytes of checksum and length.
fn gunzip(file: &[u8]) -> Vec<u8> {
    let deflated = file.get(10..file.len().saturating_sub(8)).unwrap_or_default();
    decompress_to_vec(deflated).unwrap_or_default()
}

fn plain(status: StatusCode, text: String) -> Response<Body> {
    let mut response = Response::new(Body::from(text));
    *response.status_mut() = status;
    set(&mut response, header::CONTENT_TYPE, "text/plain; charset=utf-8");
    secure(response)
}

/// Sets the headers that every response has.
fn secure(mut response: Response<Body>) -> Response<Body> {
    for (name, value) in [
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        // The browser revalidates each file, so that it sees a page that was rebuilt.
        (header::CACHE_CONTROL, "no-cache"),
    ] {
        set(&mut response, name, value);
    }
    response
}

fn set(response: &mut Response<Body>, name: HeaderName, value: &'static str) {
    response.headers_mut().insert(name, HeaderValue::from_static(value));
}

/// Returns whether the request names this machine, by a name that cannot point anywhere else.
fn asks_this_machine(uri: &Uri, headers: &HeaderMap) -> bool {
    let mut hosts = headers.get_all(header::HOST).iter();
    let (Some(host), None) = (hosts.next(), hosts.next()) else { return false };
    let named = |authority: &str| {
        let host = match authority.rsplit_once(':') {
            Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => host,
            _ => authority,
        };
        ["127.0.0.1", "[::1]"].contains(&host) || host.eq_ignore_ascii_case("localhost")
    };
    let in_uri = uri.authority().is_none_or(|authority| named(authority.as_str()));
    in_uri && host.to_str().is_ok_and(named)
}

/// Returns the file's hash as an entity tag. Each form has its own.
fn tag(file: &EmbeddedFile, is_decompressed: bool) -> String {
    let mut tag = String::from(if is_decompressed { "\"plain-" } else { "\"" });
    for byte in &file.metadata.sha256_hash()[..16] {
        let _ = write!(tag, "{byte:02x}");
    }
    tag.push('"');
    tag
}

/// Returns the media type for a file extension. Browsers compile WebAssembly while loading only if the
/// type is right.
fn content_type(path: &str) -> &'static str {
    match path.rsplit_once('.').map_or("", |(_, ending)| ending) {
        "html" => "text/html; charset=utf-8",
        "js" | "mjs" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "wasm" => "application/wasm",
        "json" | "map" => "application/json",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "ico" => "image/x-icon",
        "woff2" => "font/woff2",
        "txt" | "md" | "ts" => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use hyper::body::Body as _;
    use rust_embed::Metadata;

    /// Each file has another content in each form, as the hash shows.
    fn file(path: &str) -> Option<EmbeddedFile> {
        let data: &[u8] = match path {
            "index.html.br" => b"html in brotli",
            "a.js.br" => b"js in brotli",
            "a.wasm.br" => b"wasm in brotli",
            // `printf hello | gzip -n`
            "index.html.gz" | "a.js.gz" | "a.wasm.gz" => {
                b"\x1f\x8b\x08\0\0\0\0\0\0\x03\xcb\x48\xcd\xc9\xc9\x07\0\x86\xa6\x10\x36\x05\0\0\0"
            }
            ".gitignore" => b"*",
            _ => return None,
        };
        let metadata = Metadata::__rust_embed_new([data.len() as u8; 32], None, None);
        Some(EmbeddedFile { data: Cow::Borrowed(data), metadata })
    }

    fn get(path: &str, headers: &[(HeaderName, &str)]) -> Response<Body> {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(name.clone(), HeaderValue::from_str(value).unwrap());
        }
        respond_from(file, &Method::GET, &path.parse().unwrap(), &map)
    }

    fn header<'a>(response: &'a Response<Body>, name: &HeaderName) -> &'a str {
        response.headers().get(name).unwrap().to_str().unwrap()
    }

    #[test]
    fn files_have_their_types_and_every_response_its_security_headers() {
        let host = [(header::HOST, "localhost:8060")];
        for (path, status, kind) in [
            ("/", 200, "text/html; charset=utf-8"),
            ("/index.html?x=1", 200, "text/html; charset=utf-8"),
            ("/a.js", 200, "text/javascript; charset=utf-8"),
            ("/a.wasm", 200, "application/wasm"),
            ("/.gitignore", 404, "text/plain; charset=utf-8"),
            ("/a.js.gz", 404, "text/plain; charset=utf-8"),
            ("/../Cargo.toml", 404, "text/plain; charset=utf-8"),
        ] {
            let response = get(path, &host);
            assert_eq!(response.status(), status, "{path}");
            assert_eq!(header(&response, &header::CONTENT_TYPE), kind, "{path}");
            assert_eq!(header(&response, &header::X_CONTENT_TYPE_OPTIONS), "nosniff");
            assert!(header(&response, &header::CONTENT_SECURITY_POLICY).contains("'self'"));
        }
    }

    #[test]
    fn only_the_page_without_its_controls_may_be_in_a_frame() {
        for (path, framed) in [
            ("/", false),
            ("/?embed", true),
            ("/?seed=7&embed=1", true),
            ("/index.html?embed", true),
            ("/?embedded", false),
            ("/?seed=embed", false),
            ("/a.js?embed", false),
            ("/none?embed", false),
        ] {
            let response = get(path, &[(header::HOST, "localhost")]);
            let policy = header(&response, &header::CONTENT_SECURITY_POLICY);
            assert!(policy.contains("script-src 'self' 'wasm-unsafe-eval';"), "{policy}");
            assert_eq!(!policy.contains("frame-ancestors 'none'"), framed, "{path}");
        }
    }

    #[test]
    fn the_smallest_accepted_form_is_sent() {
        let forms = [Some("br"), Some("gzip"), None];
        for (accepted, expected) in [
            (&["gzip, deflate, br, zstd"][..], 0),
            (&["gzip", "BR;q=0.5"], 0),
            (&["br;q=0, gzip;q=1.0"], 1),
            (&["br;q=?, gzip"], 1),
            (&["deflate", "gzip;q=0.0", "brr"], 2),
            (&[""], 2),
            (&[], 2),
        ] {
            let mut headers = vec![(header::HOST, "localhost")];
            headers.extend(accepted.iter().map(|value| (header::ACCEPT_ENCODING, *value)));
            let response = get("/a.js", &headers);
            let coding = response.headers().get(header::CONTENT_ENCODING);
            let coding = coding.map(|coding| coding.to_str().unwrap());
            assert_eq!(coding, forms[expected], "{accepted:?}");
            assert_eq!(
                response.body().size_hint().exact(),
                Some([12, 25, 5][expected]),
                "{accepted:?}"
            );
            assert_eq!(header(&response, &header::CONTENT_TYPE), "text/javascript; charset=utf-8");
            assert_eq!(header(&response, &header::VARY), "accept-encoding");
        }
    }

    #[test]
    fn each_form_has_its_own_tag() {
        let tag = |accepted| {
            let headers = [(header::HOST, "localhost"), (header::ACCEPT_ENCODING, accepted)];
            header(&get("/a.js", &headers), &header::ETAG).to_string()
        };
        let tags = ["br", "gzip", ""].map(tag);
        assert!(tags[0] != tags[1] && tags[1] != tags[2] && tags[0] != tags[2], "{tags:?}");
    }

    #[test]
    fn only_requests_for_this_machine_are_answered() {
        for (host, status) in [
            ("127.0.0.1:8060", 200),
            ("127.0.0.1", 200),
            ("LocalHost:1", 200),
            ("[::1]:8060", 200),
            ("evil.example:8060", 403),
            ("127.0.0.1.evil.example", 403),
            ("localhost.evil.example:8060", 403),
            ("", 403),
        ] {
            assert_eq!(get("/", &[(header::HOST, host)]).status(), status, "{host}");
        }
        assert_eq!(get("/", &[]).status(), 403, "no Host header");
        let two = [(header::HOST, "localhost"), (header::HOST, "evil.example")];
        assert_eq!(get("/", &two).status(), 403);
        let host = [(header::HOST, "localhost")];
        assert_eq!(
            get("http://evil.example/", &host).status(),
            403,
            "another host in the request line"
        );
    }

    #[test]
    fn an_unchanged_file_is_not_sent_again() {
        let host = (header::HOST, "localhost");
        let tag = header(&get("/a.js", std::slice::from_ref(&host)), &header::ETAG).to_string();
        let again = get("/a.js", &[host.clone(), (header::IF_NONE_MATCH, &tag)]);
        assert_eq!(again.status(), 304);
        assert_eq!(header(&again, &header::VARY), "accept-encoding");
        let brotli = (header::ACCEPT_ENCODING, "br");
        let other = get("/a.js", &[host, brotli, (header::IF_NONE_MATCH, &tag)]);
        assert_eq!(other.status(), 200, "the tag is that of another form");
    }

    #[test]
    fn only_reads_are_allowed() {
        let mut headers = HeaderMap::new();
        headers.insert(header::HOST, HeaderValue::from_static("localhost"));
        let response = respond_from(file, &Method::POST, &"/".parse().unwrap(), &headers);
        assert_eq!(response.status(), 405);
    }
}
