#pragma once

// What lets a host join, in Docker's form:
//
//   SWMTKN-1-<50 digits: SHA-256 of the CA's certificate>-<25 digits: the secret, 128 bits>
//
// both numbers in base 36 (0-9, a-z), padded with zeros in front. The digest tells the joiner whom
// to trust, the secret tells the cluster that the joiner was invited.

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/tls.h"
#include "cluster/secret.h"

namespace cluster {

struct JoinToken {
  base::CertificateDigest authority{};
  Secret secret;  // its 25 digits

  // Whether the other one is the same secret, in a time that tells nothing of where they differ.
  bool allows(const JoinToken& presented) const {
    return !secret.empty() && secret.equals(presented.secret.reveal());
  }
};

// The token's text, to be shown to its owner only.
std::string textOf(const JoinToken& token);

struct ParsedToken {
  std::optional<JoinToken> token;
  std::string why;  // without a token: what is wrong with it ("it does not ..."), never quoting it
};
ParsedToken parseJoinToken(std::string_view text);

// A secret for a new token: 25 digits.
Secret makeTokenSecret();

// The bytes, read as one number, in base 36 with this many digits; they must be enough.
std::string base36(std::span<const uint8_t> number, size_t digits);
// The other way round; false if `text` has another character or `number` is too small for it.
bool fromBase36(std::string_view text, std::span<uint8_t> number);

}  // namespace cluster
