//! The repository as a web site: every readable file a page, every directory a page of links.
//!
//! All files are read at the start and served from memory, so that a crawl measures the way through the sockets;
//! `std::fs::read` for each request, which the page cache answers without blocking, costs about a tenth of the rate.
//! No path made of a client's bytes ever reaches the file system: `..`, `%2e%2e` and absolute paths are names like
//! any other, not found. Symbolic links are not followed, so the tree does not lead out of the repository either.
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use std::borrow::Cow;
use std::collections::HashMap;
use std::fs::{self, DirEntry};
use std::io;
use std::path::Path;

/// Larger files are somebody's data (a profile, a core), not the repository's sources.
const LARGEST: u64 = 1 << 20;

/// What stays as it is in a link: RFC 3986's unreserved characters. The rest needs no HTML escaping once encoded.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// All pages, by decoded path: `/src/lib.rs` is a file, `/src/` a directory.
pub(crate) struct Site {
    pages: HashMap<String, Page>,
}

pub(crate) enum Page {
    /// What the file held at the start.
    File(Vec<u8>),
    /// `children` are the paths its links lead to, in the page's order.
    Directory { html: String, children: Vec<String> },
}

impl Site {
    /// Reads the tree under `root`.
    pub(crate) fn load(root: &Path) -> io::Result<Self> {
        let mut site = Self {
            pages: HashMap::new(),
        };
        site.add_directory(root, "/")?;
        Ok(site)
    }

    /// The page at a decoded path.
    pub(crate) fn page(&self, path: &str) -> Option<&Page> {
        self.pages.get(path)
    }

    pub(crate) fn pages(&self) -> usize {
        self.pages.len()
    }

    pub(crate) fn files(&self) -> usize {
        let files = self
            .pages
            .values()
            .filter(|page| matches!(page, Page::File(_)));
        files.count()
    }

    fn add_directory(&mut self, directory: &Path, path: &str) -> io::Result<()> {
        let mut entries = fs::read_dir(directory)?.collect::<io::Result<Vec<_>>>()?;
        entries.sort_by_key(DirEntry::file_name);
        let mut children = Vec::new();
        for entry in entries {
            // A name that is not UTF-8 is left out, as is what cannot be read.
            let name = entry.file_name();
            let Some(name) = name.to_str().filter(|name| is_shown(name)) else {
                continue;
            };
            let kind = entry.file_type()?;
            let child = if kind.is_dir() {
                format!("{path}{name}/")
            } else {
                format!("{path}{name}")
            };
            let added = if kind.is_dir() && !is_build_output(&entry.path()) {
                self.add_directory(&entry.path(), &child).is_ok()
            } else {
                kind.is_file() && self.add_file(&entry.path(), &child).unwrap_or(false)
            };
            if added {
                children.push(child);
            }
        }
        let html = listing(path, &children);
        self.pages
            .insert(path.to_owned(), Page::Directory { html, children });
        Ok(())
    }

    fn add_file(&mut self, file: &Path, path: &str) -> io::Result<bool> {
        let small = fs::metadata(file)?.len() <= LARGEST;
        if small {
            self.pages
                .insert(path.to_owned(), Page::File(fs::read(file)?));
        }
        Ok(small)
    }
}

/// A path as a link carries it.
pub(crate) fn encode(path: &str) -> String {
    let segments = path
        .split('/')
        .map(|segment| utf8_percent_encode(segment, ENCODED).to_string());
    segments.collect::<Vec<_>>().join("/")
}

/// The path a link or a request means, or `None` if it is not text.
pub(crate) fn decode(link: &str) -> Option<Cow<'_, str>> {
    percent_decode_str(link).decode_utf8().ok()
}

/// The directory that lists `path`; the root for the root.
pub(crate) fn parent(path: &str) -> &str {
    let end = path.trim_end_matches('/').rfind('/').unwrap_or(0);
    &path[..=end]
}

pub(crate) fn content_type(path: &str) -> &'static str {
    match path.rsplit_once('.').map_or("", |(_, extension)| extension) {
        _ if path.ends_with('/') => "text/html; charset=utf-8",
        "html" => "text/html; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "js" => "text/javascript; charset=utf-8",
        "json" => "application/json",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        _ => "text/plain; charset=utf-8",
    }
}

fn listing(path: &str, children: &[String]) -> String {
    let title = escape(path);
    let mut html = format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head><meta charset=\"utf-8\"><title>{title}</title></head>\n\
         <body>\n<h1>{title}</h1>\n<ul>\n<li><a href=\"{}\">..</a></li>\n",
        encode(parent(path)),
    );
    for child in children {
        let (link, name) = (encode(child), escape(&child[path.len()..]));
        html += &format!("<li><a href=\"{link}\">{name}</a></li>\n");
    }
    html + "</ul>\n</body>\n</html>\n"
}

fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped += "&amp;",
            '<' => escaped += "&lt;",
            '>' => escaped += "&gt;",
            '"' => escaped += "&quot;",
            '\'' => escaped += "&#39;",
            c => escaped.push(c),
        }
    }
    escaped
}

/// Hidden files are the tools', except these.
fn is_shown(name: &str) -> bool {
    !name.starts_with('.') || matches!(name, ".cargo" | ".github" | ".gitignore")
}

/// Cargo marks its target directory with a `CACHEDIR.TAG`, whatever it is called.
fn is_build_output(directory: &Path) -> bool {
    directory.ends_with("target") || directory.join("CACHEDIR.TAG").exists()
}
