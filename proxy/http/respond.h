#pragma once

// Sending an answer of our own to a client, and reading a request's body where we have to
// understand it.

#include <string>
#include <string_view>

#include "base/task.h"
#include "docker/refusal.h"
#include "proxy/http/exchange.h"

namespace proxy {

// `head`: status line and headers (a stored head, base/http_heads.h); Date and what is about length
// and connection are added. `body` must stay until it is sent.
base::Task<> sendAnswer(Exchange& exchange, int status, std::string_view head,
                        std::string_view body);

// sendAnswer() for a body of JSON.
base::Task<> sendJson(Exchange& exchange, int status, std::string_view common,
                      std::string_view body);

// A status without a body or any header of the engine's: what net/http says by itself.
base::Task<> sendBare(Exchange& exchange, int status);
// The same with 301 and a Location.
base::Task<> sendMoved(Exchange& exchange, std::string_view location);

// Docker's error body. `close`: and ends the connection.
base::Task<> sendError(Exchange& exchange, int status, std::string_view common, std::string message,
                       bool close);
// The same for what is not done, and the connection goes on.
base::Task<> sendRefusal(Exchange& exchange, std::string_view common, docker::Refusal refusal);

// The whole body of the request. Throws HttpError: 413 if it is longer than `most`, 408 if it comes
// too slowly, 503 if too much is held of others', or as base::MessageReader does; StreamError if
// the client breaks off.
base::Task<std::string> readBody(Exchange& exchange, size_t most);

}  // namespace proxy
