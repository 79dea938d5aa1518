#pragma once

// `droverd client-cert`: asks the droverd that runs on this host for a client's certificate and
// writes ca.pem, cert.pem and key.pem, as DOCKER_CERT_PATH wants them.

#include <chrono>
#include <iosfwd>
#include <optional>
#include <string>
#include <string_view>

namespace proxy {

// argv[0] is "client-cert". Gives the exit code; what the user asked to see goes to `out`. Throws
// std::runtime_error, and then no file has changed.
int clientCertCommand(int argc, const char* const* argv, std::ostream& out);

// "90d", "12h", "30m", "45s"; nothing for what is no such duration.
std::optional<std::chrono::seconds> parseValidity(std::string_view text);

}  // namespace proxy
