// Literals of every kind.
constant uint numbers[] = {0, 7, 017, 0x1F, 0XfFu, 0b101, 1'000'000, 42u, 42U, 42l, 42ul, 42LL, 42ull,
                           18446744073709551615ull};
constant float reals[] = {1.0, 1.f, .5f, 2e3, 2.5e-3f, 1.0h, 0x1.8p3f, 3H, 1e10F, 0.5bf};
constant char letters[] = {'a', '\n', '\'', '\\', '\x41', '\0', '\101'};
constant bool flags[] = {true, false};
void f(const device char *s = "one" " two\t\"three\"", thread int *p = nullptr) {
    auto r = R"(raw "text" \n)";
}
