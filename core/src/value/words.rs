//! Macros for types that are written as a word, or as a keyword with parameters.

/// Declares an enum with one word per variant: `ALL`, `NAMES`, `name`, showing and reading it.
macro_rules! words {
    ($(#[$meta:meta])* $name:ident { $($(#[$doc:meta])* $variant:ident = $word:literal,)* }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
        pub enum $name {
            $($(#[$doc])* $variant,)*
        }

        impl $name {
            /// All choices, in order.
            pub const ALL: &[Self] = &[$(Self::$variant),*];

            /// The words of all choices, in order.
            pub const NAMES: &[&str] = &[$($word),*];

            /// Returns the word of this choice in scenarios.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $word),* }
            }
        }

        $crate::value::named!($name);
    };
}

/// Implements [`Value`](super::text::Value) for an enum that has `ALL`, `NAMES` and `name`. Upper and lower
/// case are the same.
macro_rules! named {
    ($name:ident) => {
        impl $crate::value::Value for $name {
            const SHAPE: $crate::value::Shape =
                $crate::value::Shape::new($crate::value::Form::Choice($name::NAMES));

            fn parse(text: &str) -> Option<Self> {
                let is = |choice: &&Self| $crate::value::is_word(text, choice.name());
                Self::ALL.iter().find(is).copied()
            }

            fn write(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                f.write_str(self.name())
            }
        }

        impl core::fmt::Display for $name {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                f.write_str(self.name())
            }
        }

        $crate::value::from_text!($name);
    };
}

/// Implements [`Value`](super::text::Value) for a type that is written as a keyword with parameters. It has a
/// function `read(&str) -> Option<Self>` and shows itself canonically.
macro_rules! phrase {
    ($name:ident, $form:ident, $grammar:expr) => {
        impl $crate::value::Value for $name {
            const SHAPE: $crate::value::Shape =
                $crate::value::Shape::new($crate::value::Form::$form(&$grammar));

            fn parse(text: &str) -> Option<Self> {
                Self::read(text)
            }

            fn write(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                core::fmt::Display::fmt(self, f)
            }
        }

        $crate::value::from_text!($name);
    };
}

/// Lets the standard library's `parse` read a value.
macro_rules! from_text {
    ($name:ident) => {
        impl core::str::FromStr for $name {
            type Err = $crate::value::ValueError;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                <Self as $crate::value::Value>::parse(text)
                    .ok_or($crate::value::ValueError::of::<Self>())
            }
        }
    };
}

/// Declares the methods that set one field each of a configuration. A field without a setter does not
/// compile.
macro_rules! setters {
    ($type:ident { $($with:ident: $field:ident: $value:ty,)* }) => {
        /// Setters of the fields.
        impl $type {
            $(
                #[doc = concat!("Sets [`", stringify!($field), "`](Self::", stringify!($field), ").")]
                #[must_use]
                pub fn $with(mut self, $field: $value) -> Self {
                    self.$field = $field;
                    self
                }
            )*
        }

        const _: fn($type) = {
            fn every_field_has_a_setter($type { $($field: _,)* }: $type) {}
            every_field_has_a_setter
        };
    };
}

pub(crate) use {from_text, named, phrase, setters, words};
