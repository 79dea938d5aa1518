#pragma once

// The target of a request in the one form in which it is matched and sent on. dockerd (Go's
// net/http with gorilla/mux) decodes a path before it looks at it, so one call has many spellings:
// /containers/%63reate, containers%2Fcreate, http://host/containers/create. Whoever matched the
// spelling would miss calls that the engine hears. Pure.

#include <string>
#include <string_view>

namespace docker {

struct CanonicalTarget {
  enum class Kind {
    same,       // it came in this form; `text` is empty
    rewritten,  // `text` means the same
    moved,      // dockerd would not look further: 301, and the Location is `text`
  };
  Kind kind = Kind::same;
  std::string text;
};

// The path decoded and encoded again, without scheme and authority; the query stays as it came.
// Throws base::HttpError (400) if Go could make no path of it.
CanonicalTarget canonicalTarget(std::string_view method, std::string_view target);

}  // namespace docker
