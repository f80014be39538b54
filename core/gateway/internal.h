/*
 * internal.h: groups, gateways and channels inside, for the files of
 * core/gateway: the headers that nearly all of them need.
 */
#ifndef XN_GATEWAY_INTERNAL_H
#define XN_GATEWAY_INTERNAL_H

#include <stdarg.h>
#include <stdint.h>
#include <sys/uio.h>

#include <execnet.h>
#include "core/gateway/bounds.h"
#include "core/gateway/callback.h"
#include "core/gateway/channel.h"
#include "core/gateway/gateway.h"
#include "core/gateway/group.h"
#include "core/gateway/held.h"
#include "core/gateway/outbox.h"
#include "core/gateway/plain.h"
#include "core/gateway/receive.h"
#include "core/gateway/send.h"
#include "core/gateway/wait.h"
#include "core/wire/code.h"
#include "core/wire/dump.h"
#include "core/wire/format.h"
#include "core/wire/message.h"

#endif
