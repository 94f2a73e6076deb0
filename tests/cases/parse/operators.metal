// Every operator, precedence and associativity.
int all(int a, int b, int c, device int *p, thread bool &t) {
    a = b = c;
    a += b; a -= b; a *= b; a /= b; a %= b; a <<= b; a >>= b; a &= b; a ^= b; a |= b;
    t = a < b == b > c != a <= b && !(a >= c) || t;
    a = a + b * c - a / b % c;
    a = a | b ^ c & a << 2 >> 1;
    a = -b + +c - ~a * !b;
    a = - - -b;
    *p++ = *--p;
    ++*p;
    (*p)--;
    a = t ? b : c ? a : b;
    a = t ? b = 1 : c;
    t ? a = 1 : (b = 2);
    a = (b, c, 3);
    p = &p[a];
    a = p[1] + *(p + 2);
    a = b and not c or compl a;
    a = sizeof(int) + sizeof a + sizeof(float4) * sizeof(p[0]);
    a = alignof(float) - 1;
    a = b - -c;
    a = b&c;
    a = b & (c);
    a = (b) + c, b = (b) - c, c = (b) * a;
    return a < b ? a : b;
}
