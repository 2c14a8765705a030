//! Which calls of the server's API document the journey has not made.

use serde_json::Value;

use crate::story::Story;

const METHODS: [&str; 5] = ["get", "post", "put", "patch", "delete"];

impl Story {
    /// Says what was not walked, so that a new call is not forgotten here.
    pub async fn confess(&self) -> anyhow::Result<()> {
        let document = self.client.get("/openapi.json").quietly().expect(200).await?;
        let walked = self.client.walked();
        let made = |method: &str, path: &str| {
            walked
                .iter()
                .any(|call| call.split_once(' ').is_some_and(|(m, p)| m == method && matches(path, p)))
        };
        let mut missed = Vec::new();
        for (path, item) in document.at("paths")?.as_object().into_iter().flatten() {
            let methods =
                METHODS.into_iter().filter(|method| item.get(*method).is_some_and(Value::is_object));
            let methods = methods.map(str::to_uppercase).filter(|method| !made(method, path));
            missed.extend(methods.map(|method| format!("{method} {path}")));
        }
        if !missed.is_empty() {
            println!("\nIn the API document, but not walked: {}", missed.join(", "));
        }
        Ok(())
    }
}

/// Whether a path is one of a template: `/services/{id}/`. A file's key has slashes of its own.
fn matches(template: &str, path: &str) -> bool {
    if let Some((folder, "")) = template.split_once("{key}") {
        return path.starts_with(folder);
    }
    let parts = |text: &str| text.trim_matches('/').split('/').map(str::to_owned).collect::<Vec<_>>();
    let (template, path) = (parts(template), parts(path));
    template.len() == path.len()
        && template.iter().zip(&path).all(|(wanted, part)| {
            wanted == part || (wanted.starts_with('{') && part.chars().any(|c| c.is_ascii_digit()))
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_no_id() {
        assert!(matches("/services/{id}/", "/services/019a0000-0000-7000-8000-00000000000a/"));
        assert!(matches("/services/popular/", "/services/popular"));
        assert!(matches("/media/files/{key}", "/media/files/public/a/b.webp"));
        assert!(!matches("/services/{id}/", "/services/popular/"));
        assert!(!matches("/services/{id}/slots/", "/services/019a0000-0000-7000-8000-00000000000a/"));
    }
}
