#ifndef FLOTILLA_CZSTD_SHIM_H
#define FLOTILLA_CZSTD_SHIM_H

#include <zstd.h>

/// ZSTD_CONTENTSIZE_UNKNOWN is a macro with a cast, which Swift doesn't import.
static inline unsigned long long flotilla_zstd_size_unknown(void) { return ZSTD_CONTENTSIZE_UNKNOWN; }

/// ZSTD_CONTENTSIZE_ERROR is a macro with a cast, which Swift doesn't import.
static inline unsigned long long flotilla_zstd_size_error(void) { return ZSTD_CONTENTSIZE_ERROR; }

#endif
