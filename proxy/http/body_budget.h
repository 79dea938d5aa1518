#pragma once

// The bodies of requests that are held in memory, all of them together: creates, joins and the
// like, which have to be understood before anything is done. Pure.

#include <cstddef>

namespace proxy {

class BodyBudget {
 public:
  explicit BodyBudget(size_t most) : most_(most) {}

  // What one request holds; given back when it goes. The budget must outlive it.
  class Share {
   public:
    explicit Share(BodyBudget& budget) : budget_(budget) {}
    Share(const Share&) = delete;
    Share& operator=(const Share&) = delete;
    ~Share() { release(); }

    // Makes it `size` bytes, unless the budget has no room for that; then false.
    bool resize(size_t size) {
      size_t others = budget_.objects_ - size_;
      if (size > size_ && size > budget_.most_ - others) return false;
      budget_.objects_ = others + size;
      size_ = size;
      return true;
    }
    void release() { resize(0); }
    size_t most() const { return budget_.most_; }

   private:
    BodyBudget& budget_;
    size_t size_ = 0;
  };

  size_t held() const { return objects_; }

 private:
  size_t most_;
  size_t objects_ = 0;
};

}  // namespace proxy
