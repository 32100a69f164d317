// What one compiler makes of coroutines: how it names their functions and lays out their frames. A compiler is one
// class in one file: GccFrames, ClangFrames. No state; any thread may use it.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "coroutines/coroutine_code.hpp"

namespace tasks::inspect {

class FrameDebug; // coroutines/frame_debug.hpp

/// What a symbol is of its coroutine.
enum class SymbolRole : std::uint8_t {
    resume,
    resume_cold,
    destroy,
    cleanup, ///< of clang: destroys a frame that was not allocated by itself
};

struct CoroutineSymbol {
    SymbolRole role = SymbolRole::resume;
    std::string_view stem; ///< the same for all functions of one coroutine
    bool clone = false;    ///< a copy for some callers: counts where there is no other
};

class CompilerFrames {
public:
    virtual ~CompilerFrames() = default;

    virtual CoroutineCompiler compiler() const noexcept = 0;

    /// Empty: that symbol is no function of a coroutine.
    virtual std::optional<CoroutineSymbol> symbol(std::string_view name) const = 0;
    /// Of the function as it was written.
    virtual std::string linkage_name(std::string_view stem) const = 0;

    /// What the debug information tells; nothing is set where there is none.
    virtual FrameLayout layout(FrameDebug& debug, const CoroutineCode& code) const = 0;
    /// Where the promise ends as a frame itself shows it, whose first words are `words`; empty: it does not.
    virtual std::optional<std::uint32_t> promise_end(std::uint64_t frame,
                                                     std::span<const std::uint64_t> words) const = 0;
    /// Whether every frame has its own address in one of its first words: a copy of one, or what is left of one, is
    /// told from it.
    virtual bool has_self_handle() const noexcept = 0;
};

const CompilerFrames& frames_of(CoroutineCompiler compiler) noexcept;
/// Each compiler that is known.
std::span<const CompilerFrames* const> known_compilers() noexcept;

/// Where the promise lies in a frame of x86-64 unless it is aligned to more: behind the two functions.
inline constexpr std::uint32_t usual_promise_offset = 16;

} // namespace tasks::inspect
