#include "core/side/side.h"
#include <unistd.h>
#include <stdlib.h>
#include <execnet/remote.h>
long long xn_zstd_pack(void *o,size_t s,const void*i,size_t n,int l){(void)o;(void)s;(void)i;(void)n;(void)l;return -1;}
int xn_zstd_unpack(void *o,size_t s,const void*i,size_t n){(void)o;(void)s;(void)i;(void)n;return -1;}
long long xn_user_id(const char *n){(void)n;return -1;}
long long xn_group_id(const char *n){(void)n;return -1;}
const char *xn_user_name(long long n){(void)n;return NULL;}
const char *xn_group_name(long long n){(void)n;return NULL;}
