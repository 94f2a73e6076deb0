#include <metal_stdlib>
using namespace metal;

inline int find(device const int* a, int n, int key) {
    for (int i = 0; i < n; i++) {
        if (a[i] == key) return i;
        if (a[i] < 0) break;
    }
    return -1;
}

inline int kind(int x) {
    switch (x & 7) {
        case 0:
        case 1:
            return 10;
        case 2:
            x += 1;
        case 3:
            x += 2;
            break;
        case 4: {
            if (x > 100) break;
            x *= 2;
            break;
        }
        default:
            x = 0;
    }
    return x;
}

kernel void control(device int* a [[buffer(0)]], constant int& n [[buffer(1)]],
                    uint tid [[thread_index_in_threadgroup]]) {
    if (tid >= 100) return;
    int f = find(a, n, 5);
    if (f < 0) return;
    int k = 0;
    do {
        if (k == 3) { k += 2; continue; }
        k++;
    } while (k < n);
    while (true) {
        if (kind(k) > 3) break;
        k--;
    }
    a[tid] = kind(k) + f;
}
