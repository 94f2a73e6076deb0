// Names that are types in one place and values in another.
template <typename N> N ident(N x) { return (N)-x; }
template <int N> int minus(int x) { return (N)-x; }
struct scale { float s; };
float use(float scale, int value) {
    float a = scale * value;
    float b = (scale) * value;
    return a < scale ? scale - b : scale;
}
struct item;
void pointers(device item *items, int item_count) { for (int i = 0; i < item_count; ++i) touch(items[i]); }
struct count { int count; };
int fields(thread count &c) { return c.count * 2 + (c.count) - 1; }
float vec(float x);
int array(int y) { int array = y; return array < 3 && y > 2; }
int vertex_count(int vertex, int coherent) { return vertex + coherent; }
