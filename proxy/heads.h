#pragma once

// What Docker's answers have in common: the headers of every answer, and the body of an error.
// Pure.

#include <string>
#include <string_view>

namespace proxy {

// Of a stored head (base/http_heads.h), the headers that every answer of the engine has:
// Api-Version, Docker-Experimental, Ostype and Server.
std::string commonHeaders(std::string_view storedHead);

// {"message": "..."}, with a line end, as dockerd writes it.
std::string errorBody(std::string_view message);

}  // namespace proxy
