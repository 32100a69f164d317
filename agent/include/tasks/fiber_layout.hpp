// How Boost.Context lays a switched-away stack out, found out in the process itself: where the saved block has its
// address to go on at and its frame pointer (+0x38 in Boost 1.74, +0x40 in 1.81, which is documented nowhere), and
// where a fiber's context keeps the block's address. Done once a process, with one switch to a small stack and back;
// any thread. Not for the ucontext and Windows implementations of Boost.Context, of which nothing is known.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>

#include <boost/context/detail/fcontext.hpp>
#include <boost/context/fiber.hpp>
#include <boost/fiber/context.hpp>

#include <tasks/saved_context.hpp>

namespace tasks::fiber_layout {

/// Offsets from the saved block; all 0: not known.
struct Block {
    std::uint16_t pc_at = 0;
    std::uint16_t sp_at = 0;
    std::uint16_t fp_at = 0; ///< equal to pc_at: not known
};

/// What of boost::fibers::context is needed is private there; an explicit instantiation may name it.
template <class Asked, auto Member> struct Reveal {
    friend constexpr auto member(Asked) { return Member; }
};
struct Saved { ///< the block's address, while the context does not run
    friend constexpr auto member(Saved);
};
struct Terminated { ///< its function has returned (terminated_is_linked() does not see the queue's last)
    friend constexpr auto member(Terminated);
};
template struct Reveal<Saved, &boost::fibers::context::c_>;
template struct Reveal<Terminated, &boost::fibers::context::terminated_>;

/// Only on the thread that runs it.
inline bool has_ended(const boost::fibers::context& context) noexcept { return context.*member(Terminated{}); }

#if !defined(BOOST_USE_UCONTEXT) && !defined(BOOST_USE_WINFIB)

struct Probe {
    static constexpr std::size_t words = 24; ///< 17 registers at the most, and what else may be saved

    boost::context::detail::fcontext_t block = nullptr;
    std::array<std::uintptr_t, words> saved{};
    std::uintptr_t return_address = 0;
    std::uintptr_t frame = 0;         ///< right above it lies the return address
    std::uintptr_t frame_pointer = 0; ///< as it was at the entry
};

/// Runs on the probed stack, entered as if the code at the saved address had called it.
[[gnu::noinline]] inline boost::context::detail::transfer_t on_top(boost::context::detail::transfer_t from) {
    auto* probe = static_cast<Probe*>(from.data);
    auto* frame = static_cast<std::uintptr_t*>(__builtin_frame_address(0));
    probe->return_address = reinterpret_cast<std::uintptr_t>(__builtin_return_address(0));
    probe->frame = reinterpret_cast<std::uintptr_t>(frame);
    probe->frame_pointer = *frame;
    boost::context::detail::jump_fcontext(from.fctx, nullptr); // for good
    return from;
}

inline void never_entered(boost::context::detail::transfer_t) {}

/// What the words of the probed block mean. Nothing where they could mean two things.
inline Block block_of(const Probe& probe) {
    Block layout;
    for (std::size_t at = 0; at < Probe::words; ++at) {
        if (probe.saved[at] == probe.return_address) {
            if (layout.pc_at != 0)
                return {};
            layout.pc_at = static_cast<std::uint16_t>(at * sizeof(std::uintptr_t));
        }
    }
    const auto after_return = probe.frame + 2 * sizeof(std::uintptr_t);
    const auto sp_at = after_return - reinterpret_cast<std::uintptr_t>(probe.block);
    if (layout.pc_at == 0 || sp_at != layout.pc_at + sizeof(std::uintptr_t))
        return {};
    layout.sp_at = static_cast<std::uint16_t>(sp_at);
    const std::size_t before = layout.pc_at / sizeof(std::uintptr_t) - 1;
    layout.fp_at = static_cast<std::uint16_t>(layout.pc_at - (probe.saved[before] == probe.frame_pointer ? 8 : 0));
    return layout;
}

inline Block measure() {
    constexpr std::size_t stack_bytes = 16384;
    const auto stack =
        std::make_unique<std::byte[]>(stack_bytes + sizeof Probe::saved); // a block is smaller: more is read
    Probe probe;
    probe.block = boost::context::detail::make_fcontext(stack.get() + stack_bytes, stack_bytes, never_entered);
    std::memcpy(probe.saved.data(), probe.block, sizeof probe.saved);
    boost::context::detail::ontop_fcontext(probe.block, &probe, on_top);
    return block_of(probe);
}

inline const Block& block() {
    static const Block measured = measure();
    return measured;
}

/// Where the context's stack will be found while it does not run.
inline adapters::saved_context of(const boost::fibers::context* context) {
    adapters::saved_context told;
    const auto& saved = context->*member(Saved{});
    static_assert(sizeof saved == sizeof(std::uintptr_t), "boost::context::fiber is the block's address, and no more");
    told.slot = block().pc_at == 0 ? 0 : reinterpret_cast<std::uint64_t>(&saved);
    told.top = reinterpret_cast<std::uint64_t>(context); // Boost.Fiber puts it at the top of the stack
    told.pc_at = block().pc_at;
    told.sp_at = block().sp_at;
    told.fp_at = block().fp_at;
    return told;
}

#else

inline adapters::saved_context of(const boost::fibers::context*) { return {}; }

#endif

} // namespace tasks::fiber_layout
