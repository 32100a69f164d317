// By what a coroutine's frame in our memory is known again. Values.
#pragma once

#include <cstdint>
#include <functional>
#include <unordered_set>

namespace tasks::leaks {

/// A frame as long as its coroutine lives: where it is, and the function that destroys it.
struct CoroutineKey {
    std::uint64_t frame = 0;
    std::uint64_t destroy = 0;
    std::uint64_t resume = 0; ///< as it was when looked at: 0 from its end on
    bool sure = false;        ///< it fills a piece of malloc's memory: what lies there is no old bytes

    bool operator==(const CoroutineKey& other) const noexcept {
        return frame == other.frame && destroy == other.destroy;
    }
};

struct CoroutineKeyHash {
    std::size_t operator()(const CoroutineKey& key) const noexcept {
        return std::hash<std::uint64_t>{}(key.frame ^ (key.destroy << 20));
    }
};
using CoroutineKeys = std::unordered_set<CoroutineKey, CoroutineKeyHash>;

/// Old bytes do not stand for the coroutine that was made in their place.
inline bool was_there(const CoroutineKeys& before, const CoroutineKey& now) {
    const auto found = before.find(now);
    return found != before.end() && (found->sure || !now.sure);
}

/// Every frame that there is, registered, running or neither: by a scan of our memory. One thread at a time.
CoroutineKeys all_coroutine_frames();

/// That frame has neither been destroyed nor made another one's memory, by a look at two words.
bool is_there(const CoroutineKey& key);

} // namespace tasks::leaks
