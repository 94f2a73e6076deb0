// Structs with everything in them.
#include <metal_stdlib>
struct Forward;
struct alignas(16) Packed { uint a : 3, b : 5; uint : 8; ushort c; };
struct Empty {};
class Base { public: int id; protected: float w; private: bool ok = true; };
struct Vec3 : public Base, Empty {
    float x, y, z = 0;
    float grid[2][3][4];
    static constexpr constant int kDim = 3;
    static constant float kScale;
    enum Kind : uchar { A, B = 4, C = A + B } kind;
    struct Nested { int n; } nested, more[2];
    union { float f; uint u; };
    union Bits { float f; uint u; };
    using scalar = float;
    typedef float other_scalar;
    Vec3() = default;
    Vec3(float v) : x(v), y{v}, z(v * 2) {}
    explicit constexpr Vec3(float a, float b, float c = 1) thread : Base{}, x(a), y(b), z(c) { id = 1; }
    Vec3(const thread Vec3 &) = delete;
    ~Vec3() {}
    float operator[](int i) const thread { return i == 0 ? x : i == 1 ? y : z; }
    thread float &operator[](int i) { return x; }
    float operator()(float s) const { return s * x; }
    Vec3 operator+(Vec3 o) const { return Vec3(x + o.x); }
    Vec3 operator-() const { return Vec3(-x); }
    thread Vec3 &operator+=(const thread Vec3 &o) { x += o.x; return *this; }
    bool operator<(Vec3 o) const { return x < o.x; }
    bool operator==(const Vec3 o) const device { return this->x == o.x; }
    operator float() const { return x; }
    operator device float *() const;
    friend Vec3 operator*(float s, Vec3 v) { return Vec3(s * v.x); }
    friend struct Forward;
    static METAL_FUNC Vec3 zero() { return {}; }
    auto size() const -> int { return kDim; }
    void touch() volatile threadgroup;
    int (*callback)(int, float);
    static_assert(kDim == 3, "three");
};
void Vec3::touch() volatile threadgroup { x = 0; }
constant float Vec3::kScale = 2;
struct { int a; } anonymous;
struct Named { int a; } named = {1}, *pointer = nullptr;
typedef struct { float m; } Alias;
typedef struct Tag { float m; } Tag;
typedef enum { RED, GREEN, } Color;
enum class Mode : uint { fast [[deprecated]], slow = 2 };
enum Plain { p0 };
