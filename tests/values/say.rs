//! How the generators write text.

/// `say!(m.put, "…", …)`: the text is made before `m` is used.
macro_rules! say {
    ($m:ident . $to:ident, $($text:tt)*) => {{
        let text = format!($($text)*);
        $m.$to(text);
    }};
}
