// A wish for a client's certificate, and what is answered: any text is refused with a reason, or is
// written and read the same again.

#include "proxy/api/client_certificates.h"
#include "test/fuzz/feed.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::string_view text(reinterpret_cast<const char*>(data), size);
  try {
    proxy::CertificateRequest wish = proxy::decodeCertificateRequest(text);
    proxy::CertificateRequest again = proxy::decodeCertificateRequest(encode(wish));
    fuzz::require(again.name == wish.name && again.validFor == wish.validFor);
  } catch (const cluster::AgentError& refused) {
    fuzz::require(refused.status() == 400 && *refused.what() != '\0');
  }
  std::optional<proxy::IssuedCertificate> issued = proxy::decodeIssuedCertificate(text);
  if (issued) fuzz::require(proxy::decodeIssuedCertificate(encode(*issued)).has_value());
  return 0;
}
