//! One of some words.

/// Declares a type of one of some words: an enum.
macro_rules! choice {
    (
        $(#[doc = $doc:literal])+
        $name:ident $(bare $bare:literal)? { $($variant:ident $word:literal: $meaning:literal),+ $(,)? }
    ) => {
        $(#[doc = $doc])+
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(crate) enum $name {
            $(#[doc = $meaning] $variant),+
        }

        impl $name {
            /// The word.
            pub(crate) const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $word),+
                }
            }
        }

        impl $crate::value::ValueType for $name {
            const TYPE: &'static $crate::value::Type = &$crate::value::Type {
                name: "word",
                expects: $crate::value::choice!(@list $($word)+),
                choices: &[$(($word, $meaning)),+],
                bare: $crate::value::choice!(@bare $($bare)?),
                free: false,
            };
            const KIND: $crate::value::Kind = $crate::value::Kind::Word(concat!($($word, " "),+));

            fn parse(text: &str) -> Result<Self, $crate::value::Refusal> {
                match text {
                    $($word => Ok(Self::$variant),)+
                    _ => Err($crate::value::Refusal::expected()),
                }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }
    };
    (@bare) => { None };
    (@bare $bare:literal) => { Some($bare) };
    (@list $first:literal) => { concat!("`", $first, "`") };
    (@list $first:literal $last:literal) => { concat!("`", $first, "` or `", $last, "`") };
    (@list $first:literal $($rest:literal)+) => {
        concat!("`", $first, "`, ", $crate::value::choice!(@list $($rest)+))
    };
}
pub(crate) use choice;
