// The exception that made std::terminate be called, as far as it can be told without throwing it again: its type and
// what(). A handler of std::terminate notes it and hands on to the one that was there before, which aborts: the dump is
// made at the signal.
#pragma once

#include "fixed_text.hpp"

namespace tasks::agent {

struct NotedException {
    FixedText<256> type; ///< as the compiler mangles it; empty: none was in flight
    FixedText<512> text; ///< what(); empty: it is no std::exception
};

/// Takes std::set_terminate, once.
void note_terminate() noexcept;

/// Of std::terminate on the calling thread; null: it was not called there. Async-signal-safe.
const NotedException* noted_exception() noexcept;

} // namespace tasks::agent
