#include "cluster/transport/packet_seal.h"

#include <openssl/evp.h>
#include <openssl/sha.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <limits>
#include <stdexcept>
#include <unordered_map>

#include "cluster/network.h"

namespace cluster {
namespace {

using Verdict = OpenedPacket::Verdict;
using KeyId = std::array<uint8_t, 4>;
using Nonce = std::array<uint8_t, 12>;

constexpr size_t headerSize = 1 + sizeof(KeyId) + sizeof(Nonce);
constexpr size_t originSize = NodeId::length + 8 + 8 + 8;
constexpr size_t tagSize = 16;
static_assert(headerSize + originSize + tagSize == PacketSeal::overhead);

// IPv6 and UDP take 48 bytes of the smallest MTU, 1280 (RFC 8200 section 5).
static_assert(maxPacket + PacketSeal::overhead <= 1280 - 48);

struct Free {
  void operator()(EVP_CIPHER_CTX* context) const { EVP_CIPHER_CTX_free(context); }
  void operator()(EVP_CIPHER* cipher) const { EVP_CIPHER_free(cipher); }
};
using Context = std::unique_ptr<EVP_CIPHER_CTX, Free>;
using Cipher = std::unique_ptr<EVP_CIPHER, Free>;

const uint8_t* bytes(std::string_view text) {
  return reinterpret_cast<const uint8_t*>(text.data());
}

void need(bool good) {
  if (!good) throw std::runtime_error("AES-256-GCM fails");
}

void putNumber(uint8_t* at, uint64_t number) {
  for (int i = 7; i >= 0; i--, number >>= 8) at[i] = static_cast<uint8_t>(number);
}

uint64_t getNumber(const uint8_t* at) {
  uint64_t number = 0;
  for (int i = 0; i < 8; i++) number = number << 8 | at[i];
  return number;
}

// A key with its schedule, ready for one packet after the other.
struct Key {
  KeyId id;
  Context seal, open;

  Key(const EVP_CIPHER* cipher, const Secret& secret)
      : seal(EVP_CIPHER_CTX_new()), open(EVP_CIPHER_CTX_new()) {
    if (secret.reveal().size() != PacketSeal::keySize)
      throw std::invalid_argument("a gossip key has " + std::to_string(PacketSeal::keySize) +
                                  " bytes");
    std::array<uint8_t, SHA256_DIGEST_LENGTH> digest;
    const uint8_t* key = bytes(secret.reveal());
    need(EVP_Digest(key, PacketSeal::keySize, digest.data(), nullptr, EVP_sha256(), nullptr) == 1);
    std::copy_n(digest.begin(), id.size(), id.begin());
    need(seal && open && EVP_EncryptInit_ex2(seal.get(), cipher, key, nullptr, nullptr) == 1 &&
         EVP_DecryptInit_ex2(open.get(), cipher, key, nullptr, nullptr) == 1);
  }
};

// How often its node had started by then.
uint64_t startsOf(uint64_t session) {
  return session >> 32;
}

// Which numbers of one session were seen. A ring of words; the oldest word is being reused, so
// there is one more than the window needs.
class Window {
 public:
  // False if it was there before, or is too old to tell.
  bool take(uint64_t number) {
    if (number == 0 || number + PacketSeal::window <= highest_) return false;
    if (number > highest_) {
      uint64_t fresh = std::min<uint64_t>(number / 64 - highest_ / 64, words_.size());
      for (uint64_t i = 0; i < fresh; i++) words_[(number / 64 - i) % words_.size()] = 0;
      highest_ = number;
    }
    uint64_t& word = words_[number / 64 % words_.size()];
    uint64_t bit = uint64_t{1} << number % 64;
    bool before = word & bit;
    word |= bit;
    return !before;
  }

 private:
  uint64_t highest_ = 0;
  std::array<uint64_t, PacketSeal::window / 64 + 1> words_{};
};

// What is known of one sender: of its newest sessions, two for clones, and of those that are over.
class Sender {
 public:
  Verdict take(uint64_t session, uint64_t number, uint64_t now) {
    lastHeard = now;
    starts_ = std::max(starts_, startsOf(session));
    Session* its = find(session);
    if (!its) return Verdict::replayed;
    its->lastHeard = now;
    if (!its->window.take(number)) return Verdict::replayed;
    if (startsOf(session) < starts_) return Verdict::stale;
    newest = session;
    return Verdict::good;
  }

  uint64_t lastHeard = 0;
  uint64_t newest = 0;  // of the last good packet

 private:
  struct Session {
    uint64_t id = 0;
    uint64_t lastHeard = 0;  // 0: unused
    Window window;
  };

  // Nothing for one that is over and was forgotten. Those that are over make room first.
  Session* find(uint64_t id) {
    for (Session& each : sessions_) {
      if (each.lastHeard && each.id == id) return &each;
    }
    if (startsOf(id) < starts_ && startsOf(id) <= forgotten_) return nullptr;
    auto before = [this](const Session& a, const Session& b) {
      bool isOver = startsOf(a.id) < starts_, isOtherOver = startsOf(b.id) < starts_;
      return isOver != isOtherOver ? isOver : a.lastHeard < b.lastHeard;
    };
    Session& oldest = *std::min_element(sessions_.begin(), sessions_.end(), before);
    if (oldest.lastHeard) forgotten_ = std::max(forgotten_, startsOf(oldest.id));
    oldest = Session();
    oldest.id = id;
    return &oldest;
  }

  uint64_t starts_ = 0;
  uint64_t forgotten_ = 0;  // the highest starts_ of a session that made room
  std::array<Session, 4> sessions_;
};

}  // namespace

class PacketSeal::Impl {
 public:
  Impl(NodeId self, uint64_t session, size_t maxSenders)
      : self_(self),
        session_(session),
        maxSenders_(std::max<size_t>(maxSenders, 1)),
        cipher_(EVP_CIPHER_fetch(nullptr, "AES-256-GCM", nullptr)) {
    need(cipher_ != nullptr);
    fillRandom(nonce_.data(), nonce_.size());
  }

  void setKeys(const std::vector<Secret>& secrets) {
    if (secrets.empty() || secrets.size() > maxKeys)
      throw std::invalid_argument("there must be 1 to " + std::to_string(maxKeys) + " gossip keys");
    std::vector<Key> keys;
    for (const Secret& each : secrets) {
      Key key(cipher_.get(), each);
      for (const Key& other : keys) {
        if (other.id == key.id) throw std::invalid_argument("two gossip keys have the same id");
      }
      keys.push_back(std::move(key));
    }
    keys_ = std::move(keys);
  }

  std::string seal(const NodeId& receiver, uint64_t receiverSession, std::string_view content) {
    if (keys_.empty()) throw std::logic_error("no gossip keys are set");
    Key& key = keys_.front();
    std::string packet(overhead + content.size(), '\0');
    uint8_t* at = reinterpret_cast<uint8_t*>(packet.data());
    at[0] = PacketSeal::version;
    std::copy(key.id.begin(), key.id.end(), at + 1);
    nextNonce();
    std::copy(nonce_.begin(), nonce_.end(), at + 1 + key.id.size());
    uint8_t origin[originSize];
    std::memcpy(origin, self_.text().data(), NodeId::length);
    putNumber(origin + NodeId::length, session_);
    putNumber(origin + NodeId::length + 8, receiverSession);
    putNumber(origin + NodeId::length + 16, ++number_);

    EVP_CIPHER_CTX* context = key.seal.get();
    uint8_t* body = at + headerSize;
    uint8_t* tag = body + originSize + content.size();
    int size = 0;
    need(EVP_EncryptInit_ex2(context, nullptr, nullptr, nonce_.data(), nullptr) == 1 &&
         EVP_EncryptUpdate(context, nullptr, &size, at, headerSize) == 1 &&
         EVP_EncryptUpdate(context, nullptr, &size, bytes(receiver.text()), NodeId::length) == 1 &&
         EVP_EncryptUpdate(context, body, &size, origin, originSize) == 1 &&
         EVP_EncryptUpdate(context, body + originSize, &size, bytes(content),
                           static_cast<int>(content.size())) == 1 &&
         EVP_EncryptFinal_ex(context, tag, &size) == 1 &&
         EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, tagSize, tag) == 1);
    return packet;
  }

  OpenedPacket open(std::string_view packet) {
    OpenedPacket opened;
    opened.verdict = decipher(packet, opened);
    if (opened.verdict != Verdict::good) opened.content.clear();
    return opened;
  }

  uint64_t sessionOf(const NodeId& sender) const {
    auto known = senders_.find(sender);
    return known == senders_.end() ? 0 : known->second.newest;
  }

 private:
  Verdict decipher(std::string_view packet, OpenedPacket& opened) {
    if (packet.size() < overhead || packet.size() > std::numeric_limits<int>::max())
      return Verdict::tooShort;
    const uint8_t* at = bytes(packet);
    if (at[0] != PacketSeal::version) return Verdict::wrongVersion;
    auto same = [at](const Key& key) { return std::equal(key.id.begin(), key.id.end(), at + 1); };
    auto key = std::find_if(keys_.begin(), keys_.end(), same);
    if (key == keys_.end()) return Verdict::unknownKey;

    EVP_CIPHER_CTX* context = key->open.get();
    std::array<uint8_t, tagSize> tag;
    std::copy_n(at + packet.size() - tagSize, tagSize, tag.begin());
    opened.content.resize(packet.size() - overhead);
    uint8_t origin[originSize];
    uint8_t* content = reinterpret_cast<uint8_t*>(opened.content.data());
    int size = 0;
    need(EVP_DecryptInit_ex2(context, nullptr, nullptr, at + 1 + sizeof(KeyId), nullptr) == 1 &&
         EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, tagSize, tag.data()) == 1 &&
         EVP_DecryptUpdate(context, nullptr, &size, at, headerSize) == 1 &&
         EVP_DecryptUpdate(context, nullptr, &size, bytes(self_.text()), NodeId::length) == 1 &&
         EVP_DecryptUpdate(context, origin, &size, at + headerSize, originSize) == 1 &&
         EVP_DecryptUpdate(context, content, &size, at + headerSize + originSize,
                           static_cast<int>(opened.content.size())) == 1);
    uint8_t nothing[tagSize];
    if (EVP_DecryptFinal_ex(context, nothing, &size) != 1) return Verdict::altered;

    const char* name = reinterpret_cast<const char*>(origin);
    std::optional<NodeId> sender = NodeId::parse({name, NodeId::length});
    if (!sender || *sender == NodeId()) return Verdict::noSender;
    opened.sender = *sender;
    opened.session = getNumber(origin + NodeId::length);
    if (getNumber(origin + NodeId::length + 8) != session_) return Verdict::otherSession;
    return take(*sender, opened.session, getNumber(origin + NodeId::length + 16));
  }

  Verdict take(const NodeId& sender, uint64_t session, uint64_t number) {
    if (sender == self_ && session == session_) return Verdict::replayed;
    if (sender == self_ && startsOf(session) < startsOf(session_)) return Verdict::stale;
    auto known = senders_.find(sender);
    if (known == senders_.end()) {
      if (senders_.size() >= maxSenders_) forgetOne();
      known = senders_.emplace(sender, Sender()).first;
    }
    return known->second.take(session, number, ++clock_);
  }

  // No two were heard last at the same time, so the order of the table does not matter.
  void forgetOne() {
    auto before = [](const auto& a, const auto& b) {
      return a.second.lastHeard < b.second.lastHeard;
    };
    senders_.erase(std::min_element(senders_.begin(), senders_.end(), before));
  }

  void nextNonce() {
    for (size_t at = nonce_.size(); at-- > 0;) {
      if (++nonce_[at] != 0) return;
    }
  }

  NodeId self_;
  uint64_t session_;
  size_t maxSenders_;
  Cipher cipher_;
  std::vector<Key> keys_;  // the first one seals
  Nonce nonce_;            // of the last packet
  uint64_t number_ = 0;    // of the last packet
  uint64_t clock_ = 0;     // packets opened so far
  std::unordered_map<NodeId, Sender> senders_;
};

std::string_view textOf(OpenedPacket::Verdict verdict) {
  switch (verdict) {
    case Verdict::good:
      return "good";
    case Verdict::tooShort:
      return "too short";
    case Verdict::wrongVersion:
      return "wrong version";
    case Verdict::unknownKey:
      return "unknown key";
    case Verdict::altered:
      return "altered";
    case Verdict::replayed:
      return "replayed";
    case Verdict::stale:
      return "of an earlier session";
    case Verdict::otherSession:
      return "for another session";
    case Verdict::noSender:
      return "without a sender";
  }
  return "unknown";
}

PacketSeal::PacketSeal(NodeId self, uint64_t session, size_t maxSenders)
    : impl_(new Impl(self, session, maxSenders)) {}
PacketSeal::PacketSeal(PacketSeal&&) noexcept = default;
PacketSeal::~PacketSeal() = default;

void PacketSeal::setKeys(const std::vector<Secret>& keys) {
  impl_->setKeys(keys);
}

std::string PacketSeal::seal(const NodeId& receiver, uint64_t receiverSession,
                             std::string_view content) {
  return impl_->seal(receiver, receiverSession, content);
}

OpenedPacket PacketSeal::open(std::string_view packet) {
  return impl_->open(packet);
}

uint64_t PacketSeal::sessionOf(const NodeId& sender) const {
  return impl_->sessionOf(sender);
}

}  // namespace cluster
