#pragma once

// What Docker's answers have in common: the headers of every answer, and errors. Pure.

#include <string>
#include <string_view>

namespace docker {

// Of a stored head (base/http_heads.h), the headers that every answer of the engine has:
// Api-Version, Docker-Experimental, Ostype and Server.
std::string commonHeaders(std::string_view storedHead);

// The head of an answer with a body of JSON. `common`: the headers that every answer of the engine
// has.
std::string jsonHead(int status, std::string_view common);

// {"message": "..."}, with a line end, as dockerd writes it.
std::string errorBody(std::string_view message);

// The words of an engine's error: of {"message": ...}, or the text as it is.
std::string errorMessage(std::string_view body);

// Of the lines of progress that a pull or a load answers with, the error; empty if there is none.
std::string progressError(std::string_view lines);

}  // namespace docker
