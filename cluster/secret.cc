#include "cluster/secret.h"

#include <openssl/crypto.h>
#include <openssl/rand.h>

#include <algorithm>
#include <stdexcept>
#include <utility>

namespace cluster {

Secret::Secret(std::string_view bytes) : bytes_(new char[bytes.size()]), size_(bytes.size()) {
  std::copy(bytes.begin(), bytes.end(), bytes_.get());
}

Secret::Secret(Secret&& other) noexcept
    : bytes_(std::move(other.bytes_)), size_(std::exchange(other.size_, 0)) {}

Secret& Secret::operator=(Secret&& other) noexcept {
  std::swap(bytes_, other.bytes_);
  std::swap(size_, other.size_);
  return *this;
}

Secret::~Secret() {
  if (bytes_) OPENSSL_cleanse(bytes_.get(), size_);
}

Secret Secret::random(size_t size) {
  Secret made;
  made.bytes_.reset(new char[size]);
  made.size_ = size;
  fillRandom(made.bytes_.get(), size);
  return made;
}

bool Secret::equals(std::string_view other) const {
  return other.size() == size_ && CRYPTO_memcmp(bytes_.get(), other.data(), size_) == 0;
}

void fillRandom(void* into, size_t size) {
  if (RAND_bytes(static_cast<unsigned char*>(into), static_cast<int>(size)) != 1)
    throw std::runtime_error("the system provides no random numbers");
}

}  // namespace cluster
