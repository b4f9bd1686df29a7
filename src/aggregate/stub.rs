pub fn mask(m: &[u8], out: &mut Vec<u8>) { out.clear(); out.extend_from_slice(&m[..m.len().min(256)]); }
pub struct Class { pub browser: &'static str, pub system: &'static str, pub bot: bool }
pub fn classify(_: &[u8]) -> Class { Class { browser: "Unknown", system: "Unknown", bot: false } }
