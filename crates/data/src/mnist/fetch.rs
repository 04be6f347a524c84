//! Download of the four files, each checked before it is kept.

use std::fs;
use std::io::{self, Read};
use std::path::Path;
use std::time::Duration;

use sha2::{Digest, Sha256};
use ureq::Agent;
use ureq::http::Uri;

use super::{MAX_CONTENT, PublishedFile, plain_or_gzip};
use crate::atomic::write_atomically;
use crate::digest::hex;
use crate::{DataError, gzip};

/// Where the published files can be had.
pub const DEFAULT_MIRRORS: [&str; 2] =
    ["https://ossci-datasets.s3.amazonaws.com/mnist/", "https://storage.googleapis.com/cvdf-datasets/mnist/"];

const MIRRORS_KEY: &str = "data.mirrors";

/// How long a mirror may take before the next one is tried.
#[derive(Debug, Clone, Copy)]
struct Patience {
    /// To be found and to accept a connection.
    connect: Duration,
    /// To begin its answer.
    answer: Duration,
    /// To give the whole file, redirects included.
    file: Duration,
}

impl Patience {
    const USUAL: Self =
        Self { connect: Duration::from_secs(10), answer: Duration::from_secs(30), file: Duration::from_secs(120) };
}

/// How far the download of a file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FetchProgress<'a> {
    /// The file's name without `.gz`.
    pub file: &'a str,
    /// Bytes received so far from the present mirror.
    pub bytes: u64,
    /// Bytes to come in all, if the mirror says so.
    pub total: Option<u64>,
}

/// Downloads the files that `folder` does not hold yet from the first mirror that gives each of them intact.
///
/// A file is had from mirror + name + `.gz` and written, atomically, only when its uncompressed content has the expected
/// sha256. A mirror that is dead or silent, whose file is cut short or endless, or that gives anything else is passed over;
/// when none is left the error tells what was wrong with each. An https mirror cannot redirect to http, and none to
/// anything else.
pub fn fetch(
    mirrors: &[String],
    files: &[PublishedFile<'_>],
    folder: &Path,
    progress: &mut dyn FnMut(FetchProgress<'_>),
) -> Result<(), DataError> {
    fetch_patiently(mirrors, files, folder, Patience::USUAL, progress)
}

fn fetch_patiently(
    mirrors: &[String],
    files: &[PublishedFile<'_>],
    folder: &Path,
    patience: Patience,
    progress: &mut dyn FnMut(FetchProgress<'_>),
) -> Result<(), DataError> {
    if mirrors.is_empty() {
        return Err(DataError::setting(MIRRORS_KEY, "an empty list", "use one http or https address or more"));
    }
    if let Some(mirror) = mirrors.iter().find(|m| !(m.starts_with("https://") || m.starts_with("http://"))) {
        return Err(DataError::setting(MIRRORS_KEY, format!("{mirror:?}"), "use an address with http:// or https://"));
    }
    fs::create_dir_all(folder).map_err(|error| DataError::write(folder, error))?;
    for file in files {
        if !is_there(folder, file)? {
            let body = from_any_mirror(mirrors, file, patience, progress)?;
            let path = folder.join(format!("{}.gz", file.name));
            write_atomically(&path, &body).map_err(|error| DataError::write(&path, error))?;
        }
    }
    Ok(())
}

/// Whether `folder` already holds the file; one with another content is an error, for it is not ours to overwrite.
fn is_there(folder: &Path, file: &PublishedFile<'_>) -> Result<bool, DataError> {
    let Some(path) = plain_or_gzip(folder, file.name) else { return Ok(false) };
    let opened = fs::File::open(&path).map(io::BufReader::new);
    let found = opened.and_then(content_sha256).map_err(|error| DataError::read(&path, error))?;
    if found == file.sha256 {
        return Ok(true);
    }
    Err(DataError::Checksum { path, expected: file.sha256.into(), found })
}

fn from_any_mirror(
    mirrors: &[String],
    file: &PublishedFile<'_>,
    patience: Patience,
    progress: &mut dyn FnMut(FetchProgress<'_>),
) -> Result<Vec<u8>, DataError> {
    let mut reasons = Vec::new();
    for mirror in mirrors {
        let url = format!("{}/{}.gz", mirror.trim_end_matches('/'), file.name);
        let checked = download(&url, file.name, patience, progress).and_then(|body| check(&body, file).map(|()| body));
        match checked {
            Ok(body) => return Ok(body),
            Err(reason) => reasons.push(format!("{url}: {reason}")),
        }
    }
    Err(DataError::Fetch { file: file.name.into(), reasons })
}

/// An agent for one address: proxies as the user has set them, but never towards this very machine.
fn agent(url: &str, patience: Patience) -> Agent {
    let host = url.parse::<Uri>().ok().and_then(|uri| uri.host().map(str::to_owned));
    let local = host.is_some_and(|host| ["localhost", "127.0.0.1", "[::1]"].contains(&host.as_str()));
    let config = Agent::config_builder()
        .timeout_resolve(Some(patience.connect))
        .timeout_connect(Some(patience.connect))
        .timeout_recv_response(Some(patience.answer))
        .timeout_global(Some(patience.file))
        .https_only(url.starts_with("https://"));
    let config = if local { config.proxy(None) } else { config };
    config.build().new_agent()
}

/// The body at `url`, or the reason why there is none.
fn download(
    url: &str,
    file: &str,
    patience: Patience,
    progress: &mut dyn FnMut(FetchProgress<'_>),
) -> Result<Vec<u8>, String> {
    let response = agent(url, patience).get(url).call().map_err(|error| error.to_string())?;
    let total = response.body().content_length();
    if let Some(total) = total.filter(|total| *total > MAX_CONTENT) {
        return Err(format!("a file of {total} bytes, expected at most {MAX_CONTENT}"));
    }
    // One byte more than allowed, so that a body of just that size can be told from a longer one.
    let mut stream = response.into_body().into_with_config().limit(MAX_CONTENT + 2).reader().take(MAX_CONTENT + 1);
    let (mut body, mut chunk) = (Vec::new(), [0; 1 << 16]);
    loop {
        let n = stream.read(&mut chunk).map_err(|error| format!("cut short: {error}"))?;
        body.extend_from_slice(chunk.get(..n).unwrap_or_default());
        let bytes = body.len() as u64;
        if bytes > MAX_CONTENT {
            return Err(format!("more than {MAX_CONTENT} bytes"));
        }
        if n == 0 {
            return Ok(body);
        }
        progress(FetchProgress { file, bytes, total });
    }
}

fn check(body: &[u8], file: &PublishedFile<'_>) -> Result<(), String> {
    if !body.starts_with(&gzip::MAGIC) {
        let what = if body.trim_ascii_start().starts_with(b"<") { "a web page" } else { "other content" };
        return Err(format!("{what} instead of a gzip file"));
    }
    let found = content_sha256(body).map_err(|error| format!("damaged gzip file: {error}"))?;
    if found != file.sha256 {
        return Err(format!("uncompressed content has sha256 {found}, expected {}", file.sha256));
    }
    Ok(())
}

/// Sha256 of the uncompressed content, which must not be larger than [`MAX_CONTENT`].
fn content_sha256(bytes: impl io::BufRead) -> io::Result<String> {
    let mut stream = gzip::reader(bytes)?.take(MAX_CONTENT + 1);
    let (mut sum, mut chunk, mut total) = (Sha256::new(), [0; 1 << 16], 0);
    loop {
        let n = stream.read(&mut chunk)?;
        if n == 0 {
            return Ok(hex(sum));
        }
        total += n as u64;
        if total > MAX_CONTENT {
            return Err(io::Error::other(format!("more than {MAX_CONTENT} bytes uncompressed")));
        }
        sum.update(chunk.get(..n).unwrap_or_default());
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::net::{TcpListener, TcpStream};
    use std::thread;

    use flate2::Compression;
    use flate2::write::GzEncoder;
    use tempfile::TempDir;

    use super::super::PUBLISHED;
    use super::*;

    const CONTENT: &[u8] = b"sixty thousand images";

    fn gzip_of(content: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(content).unwrap();
        encoder.finish().unwrap()
    }

    fn ok(body: &[u8]) -> Vec<u8> {
        [format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", body.len()).as_bytes(), body].concat()
    }

    fn answer(mut connection: TcpStream, response: &[u8]) -> io::Result<()> {
        let mut request = Vec::new();
        let mut byte = [0];
        while !request.ends_with(b"\r\n\r\n") && connection.read(&mut byte)? > 0 {
            request.push(byte[0]);
        }
        assert!(request.starts_with(b"GET /mnist/"), "{}", request.escape_ascii());
        connection.write_all(response)
    }

    /// A mirror on this machine that gives every request the same response and closes.
    fn mirror(response: Vec<u8>) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        thread::spawn(move || {
            for connection in listener.incoming() {
                let _ = answer(connection.unwrap(), &response);
            }
        });
        format!("http://{address}/mnist/")
    }

    fn dead_mirror() -> String {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        format!("http://{}/mnist", listener.local_addr().unwrap())
    }

    /// Bytes so far and in all, of each report of progress.
    type Reports = Vec<(u64, Option<u64>)>;

    fn fetch_from(mirrors: &[String]) -> (TempDir, Result<(), DataError>, Reports) {
        fetch_within(Patience::USUAL, mirrors)
    }

    fn fetch_within(patience: Patience, mirrors: &[String]) -> (TempDir, Result<(), DataError>, Reports) {
        let sum = hex(Sha256::new_with_prefix(CONTENT));
        let file = PublishedFile { name: "train-images", sha256: &sum };
        let (folder, mut seen) = (TempDir::new().unwrap(), Vec::new());
        let result = fetch_patiently(mirrors, &[file], &folder.path().join("deep/mnist"), patience, &mut |progress| {
            assert_eq!(progress.file, "train-images");
            seen.push((progress.bytes, progress.total));
        });
        (folder, result, seen)
    }

    fn kept(folder: &TempDir) -> Vec<String> {
        let entries = fs::read_dir(folder.path().join("deep/mnist")).unwrap();
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
    }

    #[test]
    fn a_good_file_is_kept_and_not_fetched_again() {
        let body = gzip_of(CONTENT);
        let (folder, result, seen) = fetch_from(&[mirror(ok(&body))]);
        result.unwrap();
        let length = body.len() as u64;
        assert_eq!(seen.last(), Some(&(length, Some(length))));
        assert_eq!(kept(&folder), ["train-images.gz"]);
        assert_eq!(fs::read(folder.path().join("deep/mnist/train-images.gz")).unwrap(), body);
        let sum = hex(Sha256::new_with_prefix(CONTENT));
        let file = PublishedFile { name: "train-images", sha256: &sum };
        let again =
            fetch(&[dead_mirror()], &[file], &folder.path().join("deep/mnist"), &mut |_| panic!("fetched again"));
        again.unwrap();
    }

    #[test]
    fn a_file_of_another_content_is_named_and_left_alone() {
        let folder = TempDir::new().unwrap();
        let path = folder.path().join("train-images");
        fs::write(&path, "my own").unwrap();
        let file = PublishedFile { name: "train-images", sha256: PUBLISHED[0].sha256 };
        let error = fetch(&[dead_mirror()], &[file], folder.path(), &mut |_| ()).unwrap_err();
        assert!(error.to_string().starts_with(&format!("{}: uncompressed content has sha256", path.display())));
        assert_eq!(fs::read(&path).unwrap(), b"my own");
    }

    #[test]
    fn faulty_mirrors_are_passed_over() {
        let body = gzip_of(CONTENT);
        let truncated = [b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n".as_slice(), &body].concat();
        let swollen = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", MAX_CONTENT + 1);
        let faulty = [
            dead_mirror(),
            mirror(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n".to_vec()),
            mirror(ok(b"\n<!DOCTYPE html><html></html>")),
            mirror(truncated),
            mirror(ok(&body[..body.len() - 9])),
            mirror(ok(&gzip_of(b"other images"))),
            mirror(swollen.into_bytes()),
            mirror(b"SSH-2.0-OpenSSH_9.2\r\n".to_vec()),
            mirror(Vec::new()),
        ];
        let good = [faulty.as_slice(), &[mirror(ok(&body))]].concat();
        let (folder, result, _) = fetch_from(&good);
        result.unwrap();
        assert_eq!(kept(&folder), ["train-images.gz"]);

        let (folder, result, _) = fetch_from(&faulty);
        assert!(kept(&folder).is_empty());
        let Err(DataError::Fetch { file, reasons }) = result else { panic!("{result:?}") };
        assert_eq!((file.as_str(), reasons.len()), ("train-images", faulty.len()));
        let expected = [
            "refused",
            "404",
            "a web page instead",
            "cut short",
            "damaged gzip",
            "has sha256",
            "a file of 67108865 bytes, expected at most 67108864",
            "protocol",
            "",
        ];
        for ((reason, mirror), expected) in reasons.iter().zip(&faulty).zip(expected) {
            assert!(reason.starts_with(mirror.trim_end_matches('/')), "{reason}");
            assert!(reason.to_lowercase().contains(expected), "{reason}, expected {expected}");
        }
    }

    #[test]
    fn a_body_without_end_is_given_up() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/mnist/", listener.local_addr().unwrap());
        thread::spawn(move || {
            let connection = listener.accept().unwrap().0;
            let mut writer = connection.try_clone().unwrap();
            let _ = answer(connection, b"HTTP/1.1 200 OK\r\n\r\n");
            while writer.write_all(&[0x1f; 1 << 16]).is_ok() {}
        });
        let (_, result, _) = fetch_from(&[url]);
        let message = result.unwrap_err().to_string();
        assert!(message.ends_with("train-images.gz: more than 67108864 bytes"), "{message}");
    }

    /// A mirror that begins its answer with `start` and goes on with a byte now and then.
    fn slow_mirror(start: &'static [u8]) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/mnist/", listener.local_addr().unwrap());
        thread::spawn(move || {
            let connection = listener.accept().unwrap().0;
            let mut writer = connection.try_clone().unwrap();
            let _ = answer(connection, start);
            while !start.is_empty() && writer.write_all(&[0x1f]).is_ok() {
                thread::sleep(Duration::from_millis(10));
            }
            // The one that never answers holds its connection all the same.
            let _ = writer.read(&mut [0]);
        });
        url
    }

    #[test]
    fn mirrors_that_take_for_ever_are_passed_over() {
        let patience = Patience {
            connect: Duration::from_secs(10),
            answer: Duration::from_millis(100),
            file: Duration::from_millis(300),
        };
        let slow = [slow_mirror(b""), slow_mirror(b"HTTP/1.1 200 OK\r\n\r\n")];
        let (folder, result, _) = fetch_within(patience, &slow);
        let Err(DataError::Fetch { reasons, .. }) = result else { panic!("{result:?}") };
        assert!(reasons.iter().all(|reason| reason.contains("timeout")), "{reasons:?}");
        assert!(reasons[1].contains("cut short"), "{reasons:?}");
        assert!(kept(&folder).is_empty());
        let good = mirror(ok(&gzip_of(CONTENT)));
        let (folder, result, _) = fetch_within(patience, &[slow_mirror(b""), good]);
        result.unwrap();
        assert_eq!(kept(&folder), ["train-images.gz"]);
    }

    #[test]
    fn redirects_to_other_schemes_and_in_circles_are_passed_over() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let circle = format!("http://{}/mnist/", listener.local_addr().unwrap());
        let to = |target: &str| {
            format!("HTTP/1.1 302 Found\r\nLocation: {target}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        };
        let back = to(&format!("{circle}train-images.gz"));
        thread::spawn(move || {
            listener.incoming().flatten().for_each(|connection| drop(answer(connection, back.as_bytes())))
        });
        let folder = TempDir::new().unwrap();
        let secret = folder.path().join("secret.gz");
        fs::write(&secret, gzip_of(CONTENT)).unwrap();
        let file = to(&format!("file://{}", secret.display()));
        let mirrors =
            [file, to("ftp://127.0.0.1/train-images.gz"), to("//"), to("\u{1}")].map(|r| mirror(r.into_bytes()));
        let (folder, result, _) = fetch_from(&[mirrors.as_slice(), &[circle]].concat());
        let Err(DataError::Fetch { reasons, .. }) = result else { panic!("{result:?}") };
        assert_eq!(reasons.len(), 5, "{reasons:?}");
        // The address of a file is taken for a path on the same mirror.
        assert!(reasons[0].contains("redirects") && reasons[1].contains("ftp"), "{reasons:?}");
        assert!(reasons[4].contains("redirects"), "{reasons:?}");
        assert!(kept(&folder).is_empty());
    }

    #[test]
    fn what_cannot_be_put_in_its_place_is_not_left_beside_it() {
        let folder = TempDir::new().unwrap();
        let occupied = folder.path().join("train-images.gz");
        fs::create_dir(&occupied).unwrap();
        let sum = hex(Sha256::new_with_prefix(CONTENT));
        let file = PublishedFile { name: "train-images", sha256: &sum };
        let good = [mirror(ok(&gzip_of(CONTENT)))];
        let message = fetch(&good, &[file], folder.path(), &mut |_| ()).unwrap_err().to_string();
        assert!(message.starts_with(&format!("{}: cannot be written: ", occupied.display())), "{message}");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn redirects_are_followed_but_never_from_https_to_http() {
        let target = mirror(ok(&gzip_of(CONTENT)));
        let redirect = format!("HTTP/1.1 302 Found\r\nLocation: {target}train-images.gz\r\nContent-Length: 0\r\n\r\n");
        fetch_from(&[mirror(redirect.into_bytes())]).1.unwrap();
        let agent = |url| agent(url, Patience::USUAL);
        assert!(agent("https://example.org/mnist").config().https_only());
        assert!(!agent("http://example.org/mnist").config().https_only());
        let plain = agent("https://example.org/mnist").get(&target).call().unwrap_err();
        assert!(plain.to_string().contains("https"), "{plain}");
    }

    #[test]
    fn a_compressed_file_that_swells_is_refused() {
        let body = gzip_of(&vec![0; MAX_CONTENT as usize + 1]);
        let (_, result, _) = fetch_from(&[mirror(ok(&body))]);
        assert!(result.unwrap_err().to_string().ends_with("more than 67108864 bytes uncompressed"));
    }

    #[test]
    fn faulty_settings_name_their_key() {
        let message = |mirrors: &[String]| fetch_from(mirrors).1.unwrap_err().to_string();
        assert!(message(&[]).starts_with("data.mirrors: an empty list is not allowed"));
        let ftp = "ftp://example.org".to_owned();
        assert!(message(&[ftp]).starts_with("data.mirrors: \"ftp://example.org\" is not allowed"));
    }
}
