#pragma once

// Writing HTTP heads: what is passed on of a head that was read. Every head that leaves droverd is
// written anew from its parsed parts, so that two readers cannot disagree about what it says. Pure.

#include <ctime>
#include <string>
#include <string_view>

#include "base/http.h"

namespace base {

// The request as the server behind gets it: without the headers that are about the client's
// connection (RFC 9110 7.6.1), with Upgrade, and Connection where that names it. `more`: further
// header lines, each with its line end.
void appendRequestHead(std::string& out, const Head& request, std::string_view more = {});

// What an answer says of the connection's end after it.
enum class ConnectionEnd { untold, close, keepAlive };

// The answer as the client gets it.
void appendAnswerHead(std::string& out, const Head& answer, ConnectionEnd end);

// The part of an answer's head that can be sent again later: status line and headers, without Date
// and without those about the connection; no blank line at the end.
void appendStoredHead(std::string& out, const Head& answer);

// The value of a header in such a head; empty if there is none. `name` as its writer spells it.
std::string storedHeader(std::string_view head, std::string_view name);

// "Date: Sat, 21 Nov 2026 10:00:00 GMT\r\n" for now, or for seconds since the epoch.
void appendDate(std::string& out);
void appendDate(std::string& out, std::time_t time);

// The standard reason phrase.
std::string_view reasonPhrase(int status);

}  // namespace base
