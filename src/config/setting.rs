//! What a file says, setting by setting, as the command line would say it.

use super::values::{Checked, Level, Many};

/// A setting of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setting {
    /// The long name of the flag that says the same.
    pub flag: &'static str,
    /// The file's key, with all above it.
    pub keys: Vec<&'static str>,
    /// The line of the key.
    pub line: usize,
    /// What it is set to.
    pub said: Said,
}

/// What a setting is set to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Said {
    /// How often the flag stands, which has no value.
    Times(usize),
    /// Texts, as flags have them: one, or several where the flag is repeatable.
    Texts(Vec<String>),
}

impl Setting {
    /// The key as it is told.
    pub fn key(&self) -> String {
        self.keys.join(".")
    }

    /// Whether it changes anything: what is switched off, or an empty list, is as if it were not there.
    pub fn is_said(&self) -> bool {
        match &self.said {
            Said::Times(times) => *times > 0,
            Said::Texts(texts) => !texts.is_empty(),
        }
    }

    /// The arguments that say the same.
    pub fn arguments(&self) -> Vec<String> {
        match &self.said {
            Said::Times(times) => vec![format!("--{}", self.flag); *times],
            Said::Texts(texts) => texts.iter().map(|text| format!("--{}={text}", self.flag)).collect(),
        }
    }
}

/// A value that says a setting.
pub trait Say {
    /// What it says.
    fn say(self) -> Said;
}

impl Say for bool {
    fn say(self) -> Said {
        Said::Times(usize::from(self))
    }
}

impl<K> Say for Checked<K> {
    fn say(self) -> Said {
        Said::Texts(vec![self.0])
    }
}

impl<K> Say for Many<K> {
    fn say(self) -> Said {
        Said::Texts(self.0.into_iter().map(|text| text.0).collect())
    }
}

impl Say for Level {
    fn say(self) -> Said {
        Said::Times(self.0)
    }
}
