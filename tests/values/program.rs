//! A program: blocks, and a kernel that calls them one after the other.

use std::fmt::Write as _;

use super::expr::{Call, Expr, Scope, Var, cast, expr};
use super::features::Feature;
use super::rng::Rng;
use super::types::{INTS, Ty};
use super::{classes, lookup, plain, shapes};

/// What every file begins with.
pub const HEAD: &str = "#include <metal_stdlib>\nusing namespace metal;\n";
/// Words of the output.
pub const WORDS: usize = 64;
/// Words of the input.
pub const INPUTS: usize = 16;
/// Words that one block may write.
pub const BLOCK: usize = 8;

/// A block. Its function is `block<n>`.
pub struct Block {
    pub feature: Feature,
    /// At namespace scope, outside of the program's namespace.
    pub global: String,
    /// In the program's namespace.
    pub decls: String,
    pub body: String,
}

/// A program.
pub struct Program {
    pub number: u64,
    pub blocks: Vec<Block>,
    pub input: [u32; INPUTS],
}

impl Program {
    /// The source with the functions of some blocks. Declarations are always all there: a later block may call what an earlier one declared.
    pub fn text(&self, only: Option<usize>) -> String {
        let n = self.number;
        let mut out = String::new();
        for b in &self.blocks {
            out.push_str(&b.global);
        }
        let _ = writeln!(out, "namespace p{n} {{");
        let shown = |i: usize| only.is_none_or(|o| o == i);
        for (i, b) in self.blocks.iter().enumerate() {
            out.push_str(&b.decls);
            if shown(i) {
                let _ = writeln!(
                    out,
                    "// {:?}\ninline void block{i}(device uint* out, device const uint* in) {{\n{}}}",
                    b.feature, b.body
                );
            }
        }
        let _ = writeln!(
            out,
            "}}  // namespace p{n}\nkernel void k{n}(device uint* out [[buffer(0)]], device const uint* in [[buffer(1)]]) {{"
        );
        for i in (0..self.blocks.len()).filter(|&i| shown(i)) {
            let _ = writeln!(out, "    p{n}::block{i}(out, in);");
        }
        out.push_str("}\n");
        out
    }
}

/// What makes a block.
pub struct Maker {
    pub r: Rng,
    /// Number of the program.
    pub number: u64,
    /// What this block declares.
    pub global: String,
    pub decls: String,
    pub body: String,
    /// What can be named in the body.
    pub scope: Scope,
    block: usize,
    word: usize,
    names: usize,
}

impl Maker {
    /// A name that nothing else has.
    pub fn fresh(&mut self, stem: &str) -> String {
        self.names += 1;
        format!("{stem}{}", self.names)
    }

    /// A line of the body.
    pub fn line(&mut self, text: impl AsRef<str>) {
        let _ = writeln!(self.body, "    {}", text.as_ref());
    }

    /// A line at namespace scope.
    pub fn declare(&mut self, text: impl AsRef<str>) {
        let _ = writeln!(self.decls, "{}", text.as_ref());
    }

    /// Writes a value to the next word of this block.
    pub fn put(&mut self, value: impl AsRef<str>) {
        let at = self.block * BLOCK + self.word % BLOCK;
        // More values than words are mixed.
        let text = if self.word < BLOCK {
            format!("out[{at}] = (uint)({});", value.as_ref())
        } else {
            format!("out[{at}] = out[{at}] * 31u + (uint)({});", value.as_ref())
        };
        self.word += 1;
        self.line(text);
    }

    /// Writes all bits of a value.
    pub fn put_value(&mut self, e: &Expr) {
        match e.ty {
            Ty::Long | Ty::ULong => self.put(format!("(({}) ^ (({}) >> 32))", e.text, e.text)),
            _ => self.put(&e.text),
        }
    }

    pub fn expr(&mut self, depth: u32) -> Expr {
        expr(&mut self.r, &self.scope, depth)
    }

    /// An expression converted to a type.
    pub fn of(&mut self, ty: Ty, depth: u32) -> String {
        cast(&mut self.r, &self.scope, ty, depth).text
    }

    /// An expression over these variables only.
    pub fn over(&mut self, vars: &[(&str, Ty)], depth: u32) -> Expr {
        let vars = vars.iter().map(|(n, t)| Var {
            name: (*n).to_string(),
            ty: *t,
            free: false,
        });
        let scope = Scope {
            vars: vars.collect(),
            mixed_conditionals: self.scope.mixed_conditionals,
            ..Scope::default()
        };
        expr(&mut self.r, &scope, depth)
    }

    pub fn int_ty(&mut self) -> Ty {
        self.r.pick(INTS)
    }

    /// Declares a variable of the body.
    pub fn local(&mut self, ty: Ty, free: bool) -> String {
        let name = self.fresh("v");
        let value = if self.r.chance(60) {
            let at = self.r.below(INPUTS);
            format!("({})in[{at}]", ty.name())
        } else {
            self.expr(2).text
        };
        self.line(format!("{} {name} = {value};", ty.name()));
        self.scope.vars.push(Var {
            name: name.clone(),
            ty,
            free,
        });
        name
    }

    /// Later blocks may call this.
    pub fn export(&mut self, name: &str, params: &[Ty], result: Ty) {
        self.scope.calls.push(Call {
            name: name.to_string(),
            params: params.to_vec(),
            result,
        });
    }
}

/// Adds a block to what was written.
pub fn make_block(m: &mut Maker, f: Feature) {
    use Feature::*;
    match f {
        Statements => plain::statements(m),
        Switch => plain::switch(m),
        Effects => plain::effects(m),
        Pointers => plain::pointers(m),
        Vectors => shapes::vectors(m),
        Bits => shapes::bits(m),
        Floats => shapes::floats(m),
        Records => shapes::records(m),
        Enums => shapes::enums(m),
        Overloads => classes::overloads(m),
        Templates => classes::templates(m),
        Defaults => classes::defaults(m),
        Members => classes::members(m),
        Operators => classes::operators(m),
        Constructors => classes::constructors(m),
        Constants => classes::constants(m),
        MemberArrays => classes::member_arrays(m),
        MixedConditionals => classes::overloads(m),
        Qualified => lookup::qualified(m),
        UsingDirective => lookup::using_directive(m),
        UsingDeclaration => lookup::using_declaration(m),
        Dependent => lookup::dependent(m),
        Global => lookup::global(m),
        SameEnumerators => lookup::same_enumerators(m),
        SameNamespaces => lookup::same_namespaces(m),
        PointOfDeclaration => lookup::point_of_declaration(m),
        ConstOverloads => lookup::const_overloads(m),
        ReferenceOverloads => lookup::reference_overloads(m),
        Destructors => lookup::destructors(m),
        Copies => lookup::copies(m),
    }
}

impl Maker {
    /// One that has written nothing yet.
    pub fn new(seed: u64, number: u64) -> Maker {
        Maker {
            r: Rng::new(seed, number),
            number,
            global: String::new(),
            decls: String::new(),
            body: String::new(),
            scope: Scope::default(),
            block: 0,
            word: 0,
            names: 0,
        }
    }
}

/// Program `number` under `seed`.
pub fn make(seed: u64, number: u64, features: &[Feature]) -> Program {
    let mut m = Maker::new(seed, number);
    let mut input = [0u32; INPUTS];
    for v in &mut input {
        let any = m.r.next() as u32;
        *v = match m.r.below(4) {
            0 => any % 16,
            1 => 0u32.wrapping_sub(any % 16),
            2 => 1u32.rotate_left(any % 32).wrapping_sub(any >> 31),
            _ => any,
        };
    }
    let count = m.r.range(3, (WORDS / BLOCK) as i64) as usize;
    let mut blocks = Vec::new();
    for block in 0..count {
        let feature = m.r.pick(features);
        m.block = block;
        m.word = 0;
        m.scope.vars.clear();
        m.scope.arrays.clear();
        m.scope.input = true;
        m.scope.mixed_conditionals = features.contains(&Feature::MixedConditionals);
        make_block(&mut m, feature);
        blocks.push(Block {
            feature,
            global: std::mem::take(&mut m.global),
            decls: std::mem::take(&mut m.decls),
            body: std::mem::take(&mut m.body),
        });
    }
    Program {
        number,
        blocks,
        input,
    }
}
