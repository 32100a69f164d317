// Everything that is found out of one module's coroutine functions without looking at a frame: their suspend points.
// Holds what the functions share (index of units, line tables, source files). Refers to the ElfModule. One thread at a
// time.
#pragma once

#include <memory>

#include "coroutines/awaiter_types.hpp"
#include "coroutines/coroutine_lines.hpp"
#include "coroutines/source_text.hpp"
#include "coroutines/suspend_points.hpp"

namespace tasks::inspect {

class CoroutineAnalysis {
public:
    explicit CoroutineAnalysis(ElfModule& module);

    /// As the free function of that name, for many functions of the module.
    SuspendPoints suspend_points(const CoroutineCode& code, const FrameLayout& layout);

private:
    void add_lines(const CoroutineBody& body, const CoroutineCode& code, const CodePoints& from, SuspendPoints& into);
    void add_awaiters(const FunctionCode& code, const FrameLayout& layout, const CoroutineBody* body,
                      const CodePoints& from, SuspendPoints& into);

    ElfModule& module_;
    std::unique_ptr<CoroutineLines> lines_; ///< made at first use
    std::unique_ptr<SymbolTable> symbols_;  ///< likewise
    SourceTexts texts_;
};

} // namespace tasks::inspect
