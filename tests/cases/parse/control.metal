// Statements of every kind.
kernel void control(device int *p [[buffer(0)]], uint tid [[thread_index_in_threadgroup]]) {
    int i = 0, n = p[0];
    ;
    {}
    if (n) i++; else if (n > 1) i--; else { i = 2; }
    if constexpr (sizeof(int) == 4) i = 1; else i = 2;
    if (int q = p[1]) i = q;
    if (int q = p[1]; q > 2) i = q; else i = -q;
    if (i = 3; int r = n) i = r;
    for (int a = 0, b = 1; a < b; a++, b--) continue;
    for (;;) { break; }
    for (i = 0; i < 4; ++i) for (int j = 0; j < 4; ++j) p[i * 4 + j] = 0;
    [[unroll]] for (ushort k = 0; k < 4; k++) p[k] = k;
    [[clang::loop_unroll(full)]] while (n-- > 0) { if (p[n]) goto done; }
    while (int w = p[i]) i += w;
    for (int x : {1, 2, 3}) i += x;
    for (const auto &x : p) { i += x; }
    do { i++; } while (i < 10);
    do i--; while (i);
    switch (i) {
        case 0:
        case 1 + 1: i = 2; break;
        case (int)3: { i = 4; }
        [[fallthrough]];
        default: i = 5;
    }
    switch (int s = i; s) { case 1: return; }
    switch (tid) default: i = 0;
    switch (i) { case 1 ... 4: break; }
    if (n) lost: i = 7;
    simdgroup_barrier(metal::mem_flags::mem_none);
    asm("nop");
    asm volatile("nop" : "=r"(i) : "r"(n));
    int se = ({ int t = n; t + 1; });
    auto [c0, c1] = pair(i, n);
    int local_declared(int x);
    if (n) return;
done:
    return;
}
