/* The elementwise half of a GRU step, forward and backward, in one pass over memory.
 *
 * The matrix products stay in torch; what is between them costs a dozen passes there and one here. Gate order, and the
 * bias inside the reset gate's product, are those of torch.nn.GRU:
 *   r = σ(x_r + a_r), u = σ(x_u + a_u), n = tanh(x_n + r a_n), h' = n + u (h - n),   a = W_hh h + b_hh.
 * x is a row of `table`, chosen by `index`, plus a row of `offset` where one is given.
 * Plain C without threads: the caller splits the batch. Compiled without -ffast-math, so that NaN stays NaN.
 */
#include <stdint.h>
#include <string.h>

static inline float load_bf16(uint16_t x) {
    uint32_t bits = (uint32_t)x << 16;
    float f;
    memcpy(&f, &bits, 4);
    return f;
}

static inline uint16_t store_bf16(float f) { /* round to nearest, ties to even */
    uint32_t bits;
    memcpy(&bits, &f, 4);
    return (uint16_t)((bits + 0x7fff + ((bits >> 16) & 1)) >> 16);
}

static inline float load_float(float x) { return x; }
static inline float store_float(float x) { return x; }

/* Relative error below 1e-7. The clamps keep products of two results finite; NaN passes both comparisons. */
static inline float exp_fast(float x) {
    x = x < -40.0f ? -40.0f : x;
    x = x > 40.0f ? 40.0f : x;
    float shifted = x * 1.44269504f + 12582912.0f; /* 1.5 * 2^23: the low bits now hold round(x / ln 2) */
    int32_t k;
    memcpy(&k, &shifted, 4);
    float n = shifted - 12582912.0f;
    float r = x - n * 0.693359375f + n * 2.12194440e-4f;
    float p = 1.9875691500e-4f;
    p = p * r + 1.3981999507e-3f;
    p = p * r + 8.3334519073e-3f;
    p = p * r + 4.1665795894e-2f;
    p = p * r + 1.6666665459e-1f;
    p = p * r + 5.0000001201e-1f;
    p = p * r * r + r + 1.0f;
    uint32_t bits = (uint32_t)(k + 127) << 23; /* 2^k, as the low bits of `shifted` are k modulo 2^9 */
    float scale;
    memcpy(&scale, &bits, 4);
    return p * scale;
}

static inline float tanh_fast(float x) { return 2.0f / (1.0f + exp_fast(-2.0f * x)) - 1.0f; }

/* product: W_hh h without bias, (rows, 3H). h: float state, updated in place. state: the new state in T.
 * saved: r, u, n, a_n for the backward pass, (4, rows, H) in T, or NULL. */
/* What is optional is decided outside the loop: a test inside it keeps compilers from vectors, at six times the cost. */
#define FORWARD_ROW(HAS_OFFSET, HAS_SAVED, LOAD, STORE)                                                               \
    _Pragma("GCC ivdep") for (int64_t j = 0; j < H; j++) {                                                            \
        float x_r = x[j], x_u = x[H + j], x_n = x[2 * H + j];                                                         \
        if (HAS_OFFSET) {                                                                                             \
            x_r += o[j];                                                                                              \
            x_u += o[H + j];                                                                                          \
            x_n += o[2 * H + j];                                                                                      \
        }                                                                                                             \
        float a_n = LOAD(a[2 * H + j]) + bias[2 * H + j];                                                             \
        float e_r = 1.0f + exp_fast(-(x_r + LOAD(a[j]) + bias[j]));                                                   \
        float e_u = 1.0f + exp_fast(-(x_u + LOAD(a[H + j]) + bias[H + j]));                                           \
        float inverse = 1.0f / (e_r * e_u); /* one division for two sigmoids */                                       \
        float r = inverse * e_u, u = inverse * e_r;                                                                   \
        float n = tanh_fast(x_n + r * a_n);                                                                           \
        float next = n + u * (hi[j] - n);                                                                             \
        hi[j] = next;                                                                                                 \
        out[j] = STORE(next);                                                                                         \
        if (HAS_SAVED) {                                                                                              \
            keep[j] = STORE(r);                                                                                       \
            keep[rows * H + j] = STORE(u);                                                                            \
            keep[2 * rows * H + j] = STORE(n);                                                                        \
            keep[3 * rows * H + j] = STORE(a_n);                                                                      \
        }                                                                                                             \
    }

#define DEFINE_FORWARD(NAME, T, LOAD, STORE)                                                                          \
    void NAME(int64_t rows, int64_t H, const float *table, const int64_t *index, const float *offset,                 \
              const float *bias, const T *product, float *h, T *state, T *saved) {                                    \
        for (int64_t i = 0; i < rows; i++) {                                                                          \
            const float *x = table + index[i] * 3 * H;                                                                \
            const float *o = offset ? offset + i * 3 * H : 0;                                                         \
            const T *a = product + i * 3 * H;                                                                         \
            float *hi = h + i * H;                                                                                    \
            T *out = state + i * H;                                                                                   \
            T *keep = saved ? saved + i * H : 0;                                                                      \
            if (o && keep) {                                                                                          \
                FORWARD_ROW(1, 1, LOAD, STORE)                                                                        \
            } else if (o) {                                                                                           \
                FORWARD_ROW(1, 0, LOAD, STORE)                                                                        \
            } else if (keep) {                                                                                        \
                FORWARD_ROW(0, 1, LOAD, STORE)                                                                        \
            } else {                                                                                                  \
                FORWARD_ROW(0, 0, LOAD, STORE)                                                                        \
            }                                                                                                         \
        }                                                                                                             \
    }

/* grad: gradient of this step's state from outside. recurrent: the later step's d_product W_hh, or NULL at the last.
 * dh: in, the later step's direct gradient u dh'; out, this step's. d_product: (rows, 3H) in T. The gradients of
 * table, offset and bias are added to. */
#define DEFINE_BACKWARD(NAME, T, LOAD, STORE)                                                                         \
    void NAME(int64_t rows, int64_t H, const int64_t *index, const T *grad, const T *recurrent, const T *saved,       \
              const T *previous, float *dh, T *d_product, float *d_table, float *d_offset, float *d_bias) {           \
        for (int64_t i = 0; i < rows; i++) {                                                                          \
            const T *g = grad + i * H, *rec = recurrent ? recurrent + i * H : 0;                                      \
            const T *keep = saved + i * H, *prev = previous + i * H;                                                  \
            T *dp = d_product + i * 3 * H;                                                                            \
            float *dhi = dh + i * H, *dt = d_table + index[i] * 3 * H;                                                \
            float *dof = d_offset ? d_offset + i * 3 * H : 0;                                                         \
            _Pragma("GCC ivdep") for (int64_t j = 0; j < H; j++) {                                                    \
                float r = LOAD(keep[j]), u = LOAD(keep[rows * H + j]);                                                \
                float n = LOAD(keep[2 * rows * H + j]), a_n = LOAD(keep[3 * rows * H + j]);                           \
                float d = dhi[j] + LOAD(g[j]);                                                                        \
                if (rec) d += LOAD(rec[j]);                                                                           \
                float d_n = d * (1.0f - u) * (1.0f - n * n);                                                          \
                float d_u = d * (LOAD(prev[j]) - n) * u * (1.0f - u);                                                 \
                float d_r = d_n * a_n * r * (1.0f - r);                                                               \
                float d_a = d_n * r;                                                                                  \
                dhi[j] = d * u;                                                                                       \
                dp[j] = STORE(d_r);                                                                                   \
                dp[H + j] = STORE(d_u);                                                                               \
                dp[2 * H + j] = STORE(d_a);                                                                           \
                dt[j] += d_r;                                                                                         \
                dt[H + j] += d_u;                                                                                     \
                dt[2 * H + j] += d_n;                                                                                 \
                d_bias[j] += d_r;                                                                                     \
                d_bias[H + j] += d_u;                                                                                 \
                d_bias[2 * H + j] += d_a;                                                                             \
                if (dof) {                                                                                            \
                    dof[j] += d_r;                                                                                    \
                    dof[H + j] += d_u;                                                                                \
                    dof[2 * H + j] += d_n;                                                                            \
                }                                                                                                     \
            }                                                                                                         \
        }                                                                                                             \
    }

DEFINE_FORWARD(gru_forward_bf16, uint16_t, load_bf16, store_bf16)
DEFINE_FORWARD(gru_forward_float, float, load_float, store_float)
DEFINE_BACKWARD(gru_backward_bf16, uint16_t, load_bf16, store_bf16)
DEFINE_BACKWARD(gru_backward_float, float, load_float, store_float)
