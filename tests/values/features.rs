//! What programs are made of.

/// A kind of block. Each is a function of its own with declarations of its own, and writes its own words of the output.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Feature {
    /// Arithmetic of all widths and signs, loops, branches, arrays.
    Statements,
    /// `switch` with cases that fall through.
    Switch,
    /// `do`, comma, short circuit, `++` and `--` in indices, compound assignments.
    Effects,
    /// References and pointers that walk.
    Pointers,
    /// Vectors, swizzles, conversions of vectors.
    Vectors,
    /// `as_type`, narrowing through memory and variables.
    Bits,
    /// Functions of one name, by type of the argument.
    Overloads,
    /// Function templates, with arguments given and deduced, and for numbers.
    Templates,
    /// Default arguments.
    Defaults,
    /// Members, const and not, of different names.
    Members,
    /// Operators of classes.
    Operators,
    /// Constructors with lists of initialisers, default member initialisers.
    Constructors,
    /// Records in records, arrays in records, copies.
    Records,
    /// Enumerations with and without a scope, in namespaces.
    Enums,
    /// Names qualified from the inside, namespaces in namespaces and reopened.
    Qualified,
    /// `static constexpr` members and variables, class templates.
    Constants,
    /// Real numbers in a range where nothing overflows.
    Floats,
    /// Members that are arrays of classes, constructed without being named.
    MemberArrays,
    /// `?:` with operands of two types, in every block then, and a condition that may be a constant.
    MixedConditionals,
    /// `using namespace`.
    UsingDirective,
    /// `using a::f`.
    UsingDeclaration,
    /// Argument-dependent lookup.
    Dependent,
    /// `::x`.
    Global,
    /// Enumerators of one name in several namespaces.
    SameEnumerators,
    /// Namespaces of one name at several depths.
    SameNamespaces,
    /// Member functions and functions that differ in `const`.
    ConstOverloads,
    /// Functions that differ in the kind of reference.
    ReferenceOverloads,
    /// Destructors with side effects.
    Destructors,
    /// Copy constructors and copy assignments of the user's own.
    Copies,
    /// A better overload that is declared after the use.
    PointOfDeclaration,
}

use Feature::*;

/// Every program is made of these; what stands twice is taken twice as often.
pub const ALL: &[Feature] = &[
    Statements,
    Statements,
    Switch,
    Effects,
    Pointers,
    Vectors,
    Bits,
    Overloads,
    Templates,
    Defaults,
    Members,
    Operators,
    Constructors,
    Records,
    Enums,
    Qualified,
    Constants,
    Floats,
    UsingDirective,
    UsingDeclaration,
    Dependent,
    Global,
    SameEnumerators,
    SameNamespaces,
    ConstOverloads,
    ReferenceOverloads,
    Destructors,
    Copies,
    PointOfDeclaration,
    MemberArrays,
    MixedConditionals,
];
