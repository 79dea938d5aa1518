#pragma once

// Bodies that engines take only if the request's head says that they are JSON. Where we read one
// ourselves, the engine is asked to refuse what is said to be something else, in its own words.

#include <cstddef>
#include <string>
#include <string_view>

#include "base/http.h"
#include "base/task.h"
#include "docker/engine.h"
#include "proxy/http/exchange.h"

namespace proxy {

// The header line by which the request says what its body is; empty if it does not.
std::string contentTypeOf(const base::Head& request);

// Whether the head says that `body` is JSON, or there is none. The parameters of the type are for
// the engine to judge. Pure.
bool isSaidToBeJson(const base::Head& request, std::string_view body);

// A request again, by its method, target and Content-Type, with the body that is to be in it. Never
// sent twice. Of an answer with more than `most` bytes nothing is read.
base::HttpCall passedOn(const base::Head& request, std::string body, base::milliseconds timeout,
                        size_t most);

// Answers a request, whose body has been read, with what the engine says to its Content-Type.
base::Task<> refuseContentType(Exchange& exchange, docker::Engine& engine);

}  // namespace proxy
