// Memory taken once from the kernel, before the agent serves: anonymous pages that cost nothing until touched and
// can be given back without losing the addresses. Used instead of the heap, whose lock a host thread may hold for
// ever. A page that cannot be read lies on either side: without it the kernel joins the region with a thread's stack
// beside it, and a copy of that stack would go on into it. Owned by one object; not locked.
#pragma once

#include <sys/mman.h>

#include <cstddef>
#include <span>
#include <utility>

namespace tasks::agent {

inline constexpr std::size_t page_bytes = 4096;

constexpr std::size_t whole_pages(std::size_t bytes) noexcept {
    return (bytes + page_bytes - 1) / page_bytes * page_bytes;
}

class Region {
public:
    Region() noexcept = default;

    /// Empty (false in a condition) where the kernel gives none. No reserve: an idle agent must not count against
    /// the limits of a host whose memory is committed strictly.
    explicit Region(std::size_t bytes) noexcept {
        const std::size_t inside = whole_pages(bytes);
        void* at =
            ::mmap(nullptr, inside + 2 * page_bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        if (at == MAP_FAILED)
            return;
        mapped_ = {static_cast<char*>(at), inside + 2 * page_bytes};
        if (::mprotect(mapped_.data() + page_bytes, inside, PROT_READ | PROT_WRITE) == 0)
            bytes_ = mapped_.subspan(page_bytes, inside);
    }
    Region(Region&& other) noexcept
        : mapped_(std::exchange(other.mapped_, {})), bytes_(std::exchange(other.bytes_, {})),
          given_(std::exchange(other.given_, 0)) {}
    Region& operator=(Region&& other) noexcept {
        std::swap(mapped_, other.mapped_);
        std::swap(bytes_, other.bytes_);
        std::swap(given_, other.given_);
        return *this;
    }
    ~Region() {
        if (!mapped_.empty())
            ::munmap(mapped_.data(), mapped_.size());
    }

    explicit operator bool() const noexcept { return !bytes_.empty(); }

    /// The next piece, on a page of its own. Asking for more than the region has is a bug of the caller: an empty span.
    std::span<char> take(std::size_t bytes) noexcept {
        const std::size_t wanted = whole_pages(bytes);
        if (wanted > bytes_.size() - given_)
            return {};
        given_ += wanted;
        return bytes_.subspan(given_ - wanted, bytes);
    }

    /// What has not been taken.
    std::span<char> left() const noexcept { return bytes_.subspan(given_); }
    /// What was left then is left again, and nobody uses it.
    void take_back(std::span<char> left_then) noexcept { given_ = bytes_.size() - left_then.size(); }

private:
    std::span<char> mapped_; // bytes_ and the page on either side
    std::span<char> bytes_;
    std::size_t given_ = 0;
};

/// Gives what lies behind the first `kept` bytes of a mapping back to the kernel, addresses too.
inline void give_back(void* mapping, std::size_t bytes, std::size_t kept) noexcept {
    const std::size_t stays = whole_pages(kept);
    if (stays < whole_pages(bytes))
        ::munmap(static_cast<char*>(mapping) + stays, whole_pages(bytes) - stays);
}

/// Gives the pages of a taken piece back to the kernel; they read as zeros when touched again.
inline void release_pages(std::span<char> piece) noexcept {
    ::madvise(piece.data(), whole_pages(piece.size()), MADV_DONTNEED);
}

} // namespace tasks::agent
