// A helper object that owns both ends of a copy: it moves a tile and steps to the next one.
#include <metal_stdlib>
using namespace metal;

template <typename T, ushort ROWS, ushort COLS, ushort THREADS, ushort PITCH = COLS + 1>
struct TileMover {
    static constant constexpr const ushort per_thread = ROWS * COLS / THREADS;
    static_assert(ROWS * COLS % THREADS == 0, "threads share the tile evenly");

    threadgroup T *into;
    const device T *from;
    const uint row_length;
    const ushort lane;

    TileMover(threadgroup T *into_, const device T *from_, uint row_length_, ushort lane_)
        : into(into_), from(from_), row_length(row_length_), lane(lane_) {}

    void move() const
    {
        for (ushort i = 0; i < per_thread; ++i) {
            const ushort cell = lane + i * THREADS;
            const ushort row = cell / COLS;
            const ushort col = cell % COLS;
            into[row * PITCH + col] = from[row * row_length + col];
        }
    }

    // Fills what lies beyond the last row with zero.
    void move_some(ushort rows) const
    {
        for (ushort i = 0; i < per_thread; ++i) {
            const ushort cell = lane + i * THREADS;
            const ushort row = cell / COLS;
            const ushort col = cell % COLS;
            into[row * PITCH + col] = row < rows ? from[row * row_length + col] : T(0);
        }
    }

    void advance() { from += COLS; }
    void flip(threadgroup T *other) { into = other; }
};

template <typename T>
kernel void row_sums(const device T *matrix [[buffer(0)]], device float *sums [[buffer(1)]],
                     constant uint &columns [[buffer(2)]], constant uint &rows [[buffer(3)]],
                     uint group [[threadgroup_position_in_grid]],
                     ushort lane [[thread_index_in_threadgroup]])
{
    threadgroup T front[8 * 17];
    threadgroup T back[8 * 17];
    TileMover<T, 8, 16, 32> mover(front, matrix + group * 8 * columns, columns, lane);
    bool even = true;
    float total = 0;
    for (uint done = 0; done < columns; done += 16) {
        if (rows - group * 8 >= 8)
            mover.move();
        else
            mover.move_some(rows - group * 8);
        threadgroup_barrier(mem_flags::mem_threadgroup);
        const threadgroup T *tile = even ? front : back;
        if (lane < 8)
            for (ushort c = 0; c < 16; ++c)
                total += float(tile[lane * 17 + c]);
        even = !even;
        mover.advance();
        mover.flip(even ? front : back);
    }
    if (lane < 8)
        sums[group * 8 + lane] = total;
}

template [[host_name("row_sums_half")]] kernel void row_sums<half>(const device half *, device float *, constant uint &, constant uint &, uint, ushort);
template [[host_name("row_sums_float")]] kernel void row_sums<float>(const device float *, device float *, constant uint &, constant uint &, uint, ushort);
