// What was found out of coroutine functions before, by module and function: a file for each module in the user's cache,
// named after its build-id. A module without one is not kept. Nothing in the file is trusted: it has a version, a
// checksum, and is read by a strict parser; what is not whole is left aside and made anew. The newest 64 modules are
// kept, of at most 16 MiB each (200 functions with 958 suspend points are 100 KiB).
//
//     tasks-coroutines 1 VERSION BUILD-ID DEBUG    VERSION: of this program; DEBUG: 1 with debug information, 0 without
//     F NAME START SIZE POINTS INDEXES MEMBERS
//     L SIZE PROMISE INDEX DEBUG LINE <tab> FILE   of its frames; PROMISE, INDEX: OFFSET BYTES, 0 0 where not known
//     M OFFSET BYTES TYPE ARGUMENT AWAIT <tab> NAME
//     P NUMBER KIND PROVENANCE LINE INFERRED <tab> FILE <tab> AWAITER
//     I INDEX POINT
//     C CHECKSUM                              of all before it (FNV-1a); the last line
//
// One thread at a time.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "capture/world.hpp"
#include "coroutines/coroutine_code.hpp"
#include "coroutines/suspend_points.hpp"

namespace tasks::inspect {

/// All that is found out of one function without looking at a process.
struct FunctionAnalysis {
    FrameLayout layout;
    SuspendPoints points;
    std::string file; ///< where it is declared; "" not known
    std::uint32_t line = 0;

    bool operator==(const FunctionAnalysis&) const = default;
};

class AnalysisCache {
public:
    /// Its environment says where the cache is. `world` must outlive it.
    explicit AnalysisCache(const World& world) : world_(world) {}

    /// Null: not known. Good until the next call.
    const FunctionAnalysis* find(ElfModule& module, const CoroutineCode& code);
    void keep(ElfModule& module, const CoroutineCode& code, const FunctionAnalysis& found);
    /// Writes what was added since. Failing does no harm.
    void save();

    /// By function: its name, and where its code is.
    using Functions = std::map<std::string, FunctionAnalysis>;
    static std::string text_of(const std::string& head, const Functions& functions);
    /// Empty where the text is not whole, or of another head.
    static Functions parsed(const std::string& head, std::string_view text);

private:
    struct Module {
        std::string head;
        Functions functions;
        bool changed = false;
    };
    Module* module_of(ElfModule& module);

    const World& world_;
    std::map<std::string, Module> modules_; ///< by name of the file
};

} // namespace tasks::inspect
