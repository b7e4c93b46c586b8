//! Lists of the numbers that announce an encapsulation: one list each, from which the decoder finds the room and the
//! README what is decoded.

macro_rules! rooms {
    (
        $(#[$doc:meta])* $list:ident, $find:ident($number:ty) -> $room:ty;
        $($key:literal $(| $also:literal)* => $reads:expr, $name:literal;)*
    ) => {
        $(#[$doc])*
        pub const $list: &[(&[$number], &str)] = &[$((&[$key $(, $also)*], $name),)*];

        /// The room that reads what this number announces.
        #[inline]
        fn $find(number: $number) -> Option<$room> {
            match number {
                $($key $(| $also)* => Some($reads),)*
                _ => None,
            }
        }
    };
}

pub(crate) use rooms;
