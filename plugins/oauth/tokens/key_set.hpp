// The verification of tokens, which the gate and this connector have in common, by the names it has here.
//
// Threads, ownership, failures: as core/jose/key_set.hpp says.
#pragma once

#include "core/jose/key_set.hpp"

namespace curfew::oauth {

using jose::BadToken;
using jose::KeySet;
using jose::known_algorithms;
using jose::longest_token;
using jose::SignedToken;
using jose::TokenFault;

}  // namespace curfew::oauth
