//! The settings that stand in an attribute: `#[supervise(restart = "transient")]`.

use std::time::Duration;

use proc_macro2::{Span, TokenStream};
use quote::quote_spanned;
use syn::parse::Parser;
use syn::punctuated::Punctuated;
use syn::{Expr, ExprLit, Lit, LitStr, Meta, Path, Token};

use crate::faults::Faults;
use crate::time;

/// What is set, as read; what was not set has its default elsewhere.
#[derive(Default)]
pub(crate) struct Settings {
    pub(crate) name: Option<String>,
    restart: Option<Restart>,
    shutdown: Option<Shutdown>,
    init: Option<InitPolicy>,
    pub(crate) version: Option<String>,
    /// Where the facade is found.
    root: Option<Path>,
    /// The settings met so far, for those that are set twice.
    met: Vec<Key>,
}

/// Where settings stand, which decides which there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// `#[supervise(..)]`.
    Type,
    /// `#[worker(..)]`.
    Function,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Key {
    Name,
    Restart,
    Shutdown,
    Init,
    Version,
    Crate,
}

#[derive(Clone, Copy, Debug)]
enum Restart {
    Permanent,
    Transient,
    Temporary,
}

#[derive(Clone, Copy, Debug)]
enum Shutdown {
    Graceful(Duration),
    Brutal,
    Infinite,
}

#[derive(Clone, Copy, Debug)]
enum InitPolicy {
    Fatal,
    FatalOnFirstStart,
}

impl Settings {
    /// Takes over what stands between the parentheses of an attribute.
    pub(crate) fn read(&mut self, list: TokenStream, place: Place, faults: &mut Faults) {
        let entries = Punctuated::<Meta, Token![,]>::parse_terminated;
        match entries.parse2(list) {
            Ok(entries) => entries
                .iter()
                .for_each(|entry| self.entry(entry, place, faults)),
            Err(error) => faults.add(error),
        }
    }

    /// The path of an item that the output names.
    pub(crate) fn private(&self, span: Span) -> TokenStream {
        match &self.root {
            Some(root) => quote_spanned!(span=> #root::__private),
            None => quote_spanned!(span=> ::perennial::__private),
        }
    }

    pub(crate) fn restart(&self, span: Span) -> Option<TokenStream> {
        let private = self.private(span);
        self.restart.map(|restart| match restart {
            Restart::Permanent => quote_spanned!(span=> #private::Restart::Permanent),
            Restart::Transient => quote_spanned!(span=> #private::Restart::Transient),
            Restart::Temporary => quote_spanned!(span=> #private::Restart::Temporary),
        })
    }

    pub(crate) fn shutdown(&self, span: Span) -> Option<TokenStream> {
        let private = self.private(span);
        self.shutdown.map(|shutdown| match shutdown {
            Shutdown::Graceful(grace) => {
                // `time` counts in milliseconds, and no further than these reach.
                let milliseconds = u64::try_from(grace.as_millis()).unwrap_or(u64::MAX);
                quote_spanned!(span=> #private::ShutdownStrategy::Graceful(
                    #private::Duration::from_millis(#milliseconds)
                ))
            }
            Shutdown::Brutal => quote_spanned!(span=> #private::ShutdownStrategy::Brutal),
            Shutdown::Infinite => quote_spanned!(span=> #private::ShutdownStrategy::Infinite),
        })
    }

    pub(crate) fn init_policy(&self, span: Span) -> Option<TokenStream> {
        let private = self.private(span);
        self.init.map(|policy| match policy {
            InitPolicy::Fatal => quote_spanned!(span=> #private::InitPolicy::Fatal),
            InitPolicy::FatalOnFirstStart => {
                quote_spanned!(span=> #private::InitPolicy::FatalOnFirstStart)
            }
        })
    }

    fn entry(&mut self, entry: &Meta, place: Place, faults: &mut Faults) {
        let key = match Key::of(entry.path(), place) {
            Ok(key) => key,
            Err(message) => return faults.at(entry.path(), message),
        };
        if self.met.contains(&key) {
            return faults.at(entry.path(), format!("`{}` is set twice", key.word()));
        }
        self.met.push(key);
        let text = match entry {
            Meta::NameValue(pair) => text(&pair.value).ok_or(&pair.value),
            Meta::Path(_) | Meta::List(_) => {
                return faults.at(entry, format!("write {}", key.example()));
            }
        };
        match text {
            Ok(text) => {
                if let Err(message) = self.set(key, text) {
                    faults.at(text, message);
                }
            }
            Err(value) => faults.at(value, format!("write a string: {}", key.example())),
        }
    }

    fn set(&mut self, key: Key, text: &LitStr) -> Result<(), String> {
        let value = text.value();
        match key {
            Key::Name => self.name = Some(name(value)?),
            Key::Restart => self.restart = Some(Restart::parse(&value)?),
            Key::Shutdown => self.shutdown = Some(Shutdown::parse(&value)?),
            Key::Init => self.init = Some(InitPolicy::parse(&value)?),
            Key::Version => self.version = Some(value),
            Key::Crate => {
                let path = text.parse_with(Path::parse_mod_style);
                let path =
                    path.map_err(|_| format!("`{value}` is no path: write {}", key.example()))?;
                self.root = Some(path);
            }
        }
        Ok(())
    }
}

impl Key {
    /// Which setting is meant, or what to write instead.
    fn of(path: &Path, place: Place) -> Result<Self, String> {
        let word = path.get_ident().map(ToString::to_string);
        let key = match word.as_deref().unwrap_or_default() {
            "name" => Self::Name,
            "restart" => Self::Restart,
            "shutdown" => Self::Shutdown,
            "init" if place == Place::Function => {
                return Err("a function has no initialization that could fail: derive \
                            `Supervisable` for a type that has an `init`"
                    .to_owned());
            }
            "init" => Self::Init,
            "version" => Self::Version,
            "crate" => Self::Crate,
            "id" => {
                return Err("write `name`, or set the id of one place: `ChildSpec::id`".to_owned());
            }
            word @ ("significant" | "init_timeout" | "no_init_timeout") => {
                return Err(format!(
                    "that is for one place in a tree to say: call `ChildSpec::{word}` there"
                ));
            }
            _ => {
                let init = if place == Place::Type { "`init`, " } else { "" };
                return Err(format!(
                    "there is no such setting: write `name`, `restart`, `shutdown`, {init}`version`, or `crate`"
                ));
            }
        };
        Ok(key)
    }

    fn word(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::Restart => "restart",
            Self::Shutdown => "shutdown",
            Self::Init => "init",
            Self::Version => "version",
            Self::Crate => "crate",
        }
    }

    fn example(self) -> &'static str {
        match self {
            Self::Name => "`name = \"mailer\"`",
            Self::Restart => "`restart = \"transient\"`",
            Self::Shutdown => "`shutdown = \"10s\"`",
            Self::Init => "`init = \"fatal_on_first_start\"`",
            Self::Version => "`version = \"2\"`",
            Self::Crate => "`crate = \"my_framework::perennial\"`",
        }
    }
}

impl Restart {
    fn parse(value: &str) -> Result<Self, String> {
        match value {
            "permanent" => Ok(Self::Permanent),
            "transient" => Ok(Self::Transient),
            "temporary" => Ok(Self::Temporary),
            _ => Err(format!(
                "`{value}` is no restart type: write `permanent`, `transient` or `temporary`"
            )),
        }
    }
}

impl Shutdown {
    fn parse(value: &str) -> Result<Self, String> {
        match value {
            "brutal" => Ok(Self::Brutal),
            "infinite" => Ok(Self::Infinite),
            _ => match time::parse(value) {
                Ok(grace) => Ok(Self::Graceful(grace)),
                Err(time::TimeError::NoNumber) => Err(format!(
                    "`{value}` is no way to end a child: write a time as `10s`, `brutal` or `infinite`"
                )),
                Err(error) => Err(error.to_string()),
            },
        }
    }
}

impl InitPolicy {
    fn parse(value: &str) -> Result<Self, String> {
        match value {
            "fatal" => Ok(Self::Fatal),
            "fatal_on_first_start" => Ok(Self::FatalOnFirstStart),
            _ => Err(format!(
                "`{value}` is no policy for a failed start: write `fatal` or `fatal_on_first_start`"
            )),
        }
    }
}

/// What `Supervisor::check` would refuse is refused here already.
fn name(value: String) -> Result<String, String> {
    if value.is_empty() {
        Err("a child has a name: write one, or leave `name` out".to_owned())
    } else if value.contains('/') {
        Err("a name has no `/`: that parts the names of a path".to_owned())
    } else {
        Ok(value)
    }
}

fn text(value: &Expr) -> Option<&LitStr> {
    match value {
        Expr::Lit(ExprLit {
            lit: Lit::Str(text),
            ..
        }) => Some(text),
        _ => None,
    }
}
