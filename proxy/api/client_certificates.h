#pragma once

// POST /drover/v1/client-certificate: makes a certificate with which a client may use the cluster
// over TCP. Whoever has one is as good as root on every node, so it is only for those who are that
// on this host already: it is answered over unix sockets and nowhere else.
//
//   {"name": "anna", "validForSeconds": 7776000}
//   {"ca": PEM, "certificate": PEM, "key": PEM}

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "base/task.h"
#include "cluster/agent/agent.h"
#include "proxy/http/exchange.h"
#include "proxy/http/route.h"

namespace proxy {

constexpr std::string_view clientCertificatePath = "/drover/v1/client-certificate";

struct CertificateRequest {
  std::string name;  // for the logs; up to 64 printable characters of ASCII
  std::chrono::seconds validFor{};
};
constexpr std::chrono::seconds shortestValidity{1};
constexpr std::chrono::hours longestValidity{10 * 365 * 24};

struct IssuedCertificate {
  std::string authorities;
  std::string certificate;
  cluster::Secret key;
};

std::string encode(const CertificateRequest& asked);
// Throws cluster::AgentError that says what is wrong with it.
CertificateRequest decodeCertificateRequest(std::string_view json);
std::string encode(const IssuedCertificate& issued);
// Nothing for what is none.
std::optional<IssuedCertificate> decodeIssuedCertificate(std::string_view json);

class ClientCertificates {
 public:
  // `agent` must outlive it.
  explicit ClientCertificates(cluster::Agent& agent) : agent_(agent) {}

  // Answers the request whose head `client` holds. Throws as Api::handle does.
  base::Task<> handle(Exchange& exchange, RouteMatch match);

 private:
  cluster::Agent& agent_;
};

}  // namespace proxy
