#ifndef FLOTILLA_CCURL_SHIM_H
#define FLOTILLA_CCURL_SHIM_H

#include <curl/curl.h>

/// CURL_GLOBAL_DEFAULT is a macro that Swift doesn't import.
static inline CURLcode flotilla_curl_global_init(void) {
  return curl_global_init(CURL_GLOBAL_DEFAULT);
}

/// curl_easy_setopt is variadic; numeric options are read as `long`.
static inline CURLcode flotilla_curl_set_long(CURL *handle, CURLoption option, long value) {
  return curl_easy_setopt(handle, option, value);
}

/// curl_easy_setopt is variadic; sizes (`…_LARGE`) are read as `curl_off_t`.
static inline CURLcode flotilla_curl_set_size(CURL *handle, CURLoption option, curl_off_t value) {
  return curl_easy_setopt(handle, option, value);
}

/// curl_easy_setopt is variadic; libcurl copies the string, so it may go after the call. NULL resets the option.
static inline CURLcode flotilla_curl_set_string(CURL *handle, CURLoption option, const char *value) {
  return curl_easy_setopt(handle, option, value);
}

/// curl_easy_setopt is variadic; data handed to callbacks and the error buffer are plain pointers.
static inline CURLcode flotilla_curl_set_pointer(CURL *handle, CURLoption option, void *value) {
  return curl_easy_setopt(handle, option, value);
}

/// curl_easy_setopt is variadic; the list is NOT copied and has to live until the transfer is over.
static inline CURLcode flotilla_curl_set_headers(CURL *handle, struct curl_slist *headers) {
  return curl_easy_setopt(handle, CURLOPT_HTTPHEADER, headers);
}

/// curl_easy_setopt is variadic and would take a function of any type; this one checks it.
static inline CURLcode flotilla_curl_set_read(CURL *handle, curl_read_callback callback) {
  return curl_easy_setopt(handle, CURLOPT_READFUNCTION, callback);
}

/// curl_easy_setopt is variadic and would take a function of any type; this one checks it.
static inline CURLcode flotilla_curl_set_seek(CURL *handle, curl_seek_callback callback) {
  return curl_easy_setopt(handle, CURLOPT_SEEKFUNCTION, callback);
}

/// curl_easy_setopt is variadic and would take a function of any type; this one checks it.
static inline CURLcode flotilla_curl_set_write(CURL *handle, curl_write_callback callback) {
  return curl_easy_setopt(handle, CURLOPT_WRITEFUNCTION, callback);
}

/// curl_easy_setopt is variadic; a header callback has the type of a write callback.
static inline CURLcode flotilla_curl_set_header(CURL *handle, curl_write_callback callback) {
  return curl_easy_setopt(handle, CURLOPT_HEADERFUNCTION, callback);
}

/// curl_easy_setopt is variadic and would take a function of any type; this one checks it.
static inline CURLcode flotilla_curl_set_progress(CURL *handle, curl_xferinfo_callback callback) {
  return curl_easy_setopt(handle, CURLOPT_XFERINFOFUNCTION, callback);
}

/// CURLOPT_PROTOCOLS is deprecated from 7.85 on, and CURLOPT_PROTOCOLS_STR isn't there before.
static inline CURLcode flotilla_curl_allow_only_http(CURL *handle) {
#if LIBCURL_VERSION_NUM >= 0x075500
  return curl_easy_setopt(handle, CURLOPT_PROTOCOLS_STR, "http,https");
#else
  return curl_easy_setopt(handle, CURLOPT_PROTOCOLS, (long)(CURLPROTO_HTTP | CURLPROTO_HTTPS));
#endif
}

/// curl_easy_getinfo is variadic; 0 when there was no answer.
static inline long flotilla_curl_status(CURL *handle) {
  long status = 0;
  return curl_easy_getinfo(handle, CURLINFO_RESPONSE_CODE, &status) == CURLE_OK ? status : 0;
}

#endif
