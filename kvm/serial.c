/* SPDX-License-Identifier: Apache-2.0 */
/* Enough of a 16550A to be recognised as one: registers that can be read back, a transmitter that
 * is always ready, a receiver that is always empty. */
#include "kvm/serial.h"

#include <linux/serial_reg.h>

int serial_access(struct serial *s, unsigned int index, uint8_t *data, bool write)
{
	uint8_t none = 0;
	uint8_t *reg = &none;

	if (s->line & UART_LCR_DLAB && index <= UART_DLM)
		reg = &s->divisor[index];
	else if (index == UART_TX && write)
		/* In loopback nothing leaves. */
		return s->modem & UART_MCR_LOOP ? -1 : *data;
	else if (index == UART_IER)
		reg = &s->interrupts;
	else if (index == UART_LCR)
		reg = &s->line;
	else if (index == UART_MCR)
		reg = &s->modem;
	else if (index == UART_SCR)
		reg = &s->scratch;
	else if (index == UART_FCR && write)
		s->fifo = *data & UART_FCR_ENABLE_FIFO;
	else if (index == UART_IIR)
		none = UART_IIR_NO_INT | (s->fifo ? 0xc0 : 0);
	else if (index == UART_LSR)
		none = UART_LSR_TEMT | UART_LSR_THRE;
	else if (index == UART_MSR)
		none = UART_MSR_DCD | UART_MSR_DSR | UART_MSR_CTS;
	if (write)
		*reg = *data;
	else
		*data = *reg;
	return -1;
}
