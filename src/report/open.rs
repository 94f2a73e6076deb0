//! What is said of questions that the solver gave up on.

/// One sentence on two accesses, given by place; `factors` are unknown numbers that are multiplied.
pub fn gave_up(a: &str, b: &str, factors: &[String]) -> String {
    let mut out = format!(
        "solver gave up: the accesses at {a} and {b} were not decided, and more time (--timeout) will not help"
    );
    if !factors.is_empty() {
        let names: Vec<String> = factors.iter().map(|f| format!("`{f}`")).collect();
        out += &format!(
            "; they depend on products with {}, of which a bound (--assume) may help",
            names.join(", ")
        );
    }
    out
}
