#ifndef FLOTILLA_CZLIB_SHIM_H
#define FLOTILLA_CZLIB_SHIM_H

#include <zlib.h>

/// deflateInit2 is a macro; 15 bits of window, and 16 for gzip's header and trailer.
static inline int flotilla_zlib_begin_gzip(z_stream *stream) {
  return deflateInit2(stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY);
}

/// inflateInit2 is a macro; 15 bits of window, and 16 to take gzip and nothing else.
static inline int flotilla_zlib_begin_gunzip(z_stream *stream) {
  return inflateInit2(stream, 15 + 16);
}

#endif
