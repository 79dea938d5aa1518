#include "proxy/api/client_certificates.h"

#include "base/json.h"
#include "proxy/http/respond.h"

namespace proxy {
namespace {

using cluster::AgentError;

constexpr size_t maxBody = 4 * 1024;
constexpr size_t maxName = 64;

bool isName(std::string_view name) {
  if (name.empty() || name.size() > maxName) return false;
  for (char each : name) {
    if (each < ' ' || each > '~') return false;
  }
  return true;
}

}  // namespace

std::string encode(const CertificateRequest& asked) {
  base::JsonWriter json;
  json.object().member("name", asked.name);
  json.member("validForSeconds", static_cast<uint64_t>(asked.validFor.count()));
  return json.endObject().text();
}

CertificateRequest decodeCertificateRequest(std::string_view text) {
  rapidjson::Document json = base::parseJson(text);
  if (!json.IsObject()) throw AgentError(400, "the request must be a JSON object");
  CertificateRequest asked;
  asked.name = base::text(json, "name");
  if (!isName(asked.name))
    throw AgentError(400, "a client's name has 1 to 64 printable characters of ASCII");
  uint64_t seconds = base::number(json, "validForSeconds");
  uint64_t most = static_cast<uint64_t>(std::chrono::seconds(longestValidity).count());
  if (seconds < static_cast<uint64_t>(shortestValidity.count()) || seconds > most)
    throw AgentError(400, "a client's certificate is valid for one second to ten years");
  asked.validFor = std::chrono::seconds(seconds);
  return asked;
}

std::string encode(const IssuedCertificate& issued) {
  base::JsonWriter json;
  json.object().member("ca", issued.authorities).member("certificate", issued.certificate);
  return json.member("key", issued.key.reveal()).endObject().text();
}

std::optional<IssuedCertificate> decodeIssuedCertificate(std::string_view text) {
  rapidjson::Document json = base::parseJson(text);
  IssuedCertificate issued;
  issued.authorities = base::text(json, "ca");
  issued.certificate = base::text(json, "certificate");
  issued.key = cluster::Secret(base::text(json, "key"));
  if (issued.authorities.empty() || issued.certificate.empty() || issued.key.empty())
    return std::nullopt;
  return issued;
}

base::Task<> ClientCertificates::handle(Exchange& exchange, RouteMatch) {
  std::string body = co_await readBody(exchange, maxBody);
  int status = 200;
  std::string text;
  try {
    CertificateRequest asked = decodeCertificateRequest(body);
    cluster::Credentials made = agent_.issueClient(asked.name, asked.validFor);
    text = encode(IssuedCertificate{agent_.authorities(), made.certificate, std::move(made.key)});
  } catch (const AgentError& refused) {
    status = refused.status();
    text = refused.what();
  }
  if (status == 200) {
    co_await sendJson(exchange, status, "", text);
  } else {
    co_await sendError(exchange, status, "", text, false);
  }
}

}  // namespace proxy
