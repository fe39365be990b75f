//! Images of the engine that go away with a test.

use super::Home;

/// Names of images, or beginnings of names; what has one of them is removed when this is dropped. To be made before
/// the cluster that uses them.
pub struct Images(pub Vec<String>);

impl Drop for Images {
    fn drop(&mut self) {
        let script = format!(
            "for found in image::list() {{ for name in found.tags {{
                if {:?}.some(|part| name.starts_with(part)) {{ try {{ image::remove(name); }} catch {{}} }}
             }} }}",
            self.0
        );
        let _ = Home::new().script(&script);
    }
}
