#pragma once

// Bytes that nobody else must see: a private key, a gossip key, a token's secret. Owned in one
// place, wiped when it goes, never written to a stream.

#include <cstddef>
#include <memory>
#include <string_view>

namespace cluster {

class Secret {
 public:
  Secret() = default;
  explicit Secret(std::string_view bytes);
  Secret(Secret&& other) noexcept;
  Secret& operator=(Secret&& other) noexcept;
  Secret(const Secret&) = delete;
  Secret& operator=(const Secret&) = delete;
  ~Secret();

  // Drawn at random.
  static Secret random(size_t size);
  // One more to be looked after.
  Secret copy() const { return Secret(reveal()); }

  // Valid until it is assigned to or destroyed.
  std::string_view reveal() const { return {bytes_.get(), size_}; }
  bool empty() const { return size_ == 0; }
  // In a time that tells nothing of where they differ.
  bool equals(std::string_view other) const;

 private:
  std::unique_ptr<char[]> bytes_;
  size_t size_ = 0;
};

// Fills it from the system's generator; throws std::runtime_error if that fails.
void fillRandom(void* into, size_t size);

}  // namespace cluster
