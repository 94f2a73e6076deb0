// Lambdas and calls through them.
void lambdas(thread int &x, device float *out) {
    int y = 1, z = 2;
    auto none = [] { return 1; };
    auto by_value = [=](int a, int b = 2) { return a + b + y; };
    auto by_ref = [&](int a) mutable -> int { x += a; return x; };
    auto some = [&x, y, w = z * 2, &r = z](auto a) { return a + w; };
    auto mixed = [&, y] (float f) -> float { return f; };
    int now = [](int a) { return a * a; }(3) + none();
    auto nested = [&](int a) { auto inner = [=](int b) { return [b] { return b; }(); }; return inner(a); };
    for (int i = 0; i < 3; i++) out[i] = [&]() -> float { if (i > 1) return 1; return 2; }();
    sort(out, [](float a, float b) { return a < b; });
    int indexed = out[[](int k) { return k; }(0)];
}
